"""What can go wrong, sorted by who can mend it: time, the operator, or the caller."""

from backend.causes.kinds import Cause


class LabelLoopError(Exception):
    """Base of every error that the backend raises on purpose; its text is for a person: what, where, what to do.

    Attributes:
        cause: why, where something outside is to blame.
    """

    def __init__(self, message: str, cause: Cause | None = None) -> None:
        super().__init__(message)
        self.cause = cause


class RetryLaterError(LabelLoopError):
    """Something outside is not answering now; the same call may succeed later."""


class MissingProjectError(RetryLaterError):
    """Label Studio says that it has no such project, but has not said so for long enough."""


class OperatorError(LabelLoopError):
    """Nothing changes until somebody changes a setting, a token or a label config."""


class NotFoundError(OperatorError):
    """Label Studio says that the project or task does not exist (any more)."""


class ConflictError(OperatorError):
    """Label Studio has what was to be made already."""


class UnsupportedConfigError(OperatorError):
    """The label config asks for something that this backend cannot learn yet."""


class OddResultError(LabelLoopError):
    """An annotation or a prediction that can't be read: it is left out, and counted."""


class RequestError(LabelLoopError):
    """The caller sent something malformed; answered with a 4xx."""


class PublicationRefusedError(RetryLaterError):
    """Label Studio stored fewer predictions than it was sent."""
