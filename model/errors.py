"""What can go wrong in the model package.

An `InputError` is the caller's to mend (other data, another setting); any other `ModelError` is the operator's.
"""


class ModelError(Exception):
    """Anything that the model package refuses or fails to do; its text says what, where, and what to do."""


class InputError(ModelError, ValueError):
    """An argument is out of the range that the function's docstring states."""


class ImageError(InputError):
    """An image can't be used: broken, of an unknown format, or over a limit."""


class UndecidedError(ImageError):
    """An image could not be looked at for long enough to tell what is wrong with it, if anything: try it again."""


class DecodingError(ModelError):
    """The processes that decode images can't be started."""


class ExportError(ModelError):
    """A backbone could not be written, or its ONNX form disagrees with PyTorch."""


class WeightsError(ModelError):
    """A network's pretrained weights are not on this machine and can't be downloaded."""


class TrainingError(ModelError):
    """A training can't go on: its loss is not finite, or the memory too small for a single image."""


class CancelledError(ModelError):
    """A training ended because its caller wanted so."""
