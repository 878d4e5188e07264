"""Images in, features out: the backbone at work, in ONNX Runtime. Never imports torch.

`Embedder` is what the rest of the program asks for. `OnnxEmbedder` serves on any machine;
`model.networks.torch_embedder` has its twin for a CUDA worker. Both have files decoded in other processes while the
network runs on the images before.
"""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Generator, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

from model.arrays import FloatArray
from model.backbone.backbone import Backbone
from model.errors import ImageError, InputError, ModelError
from model.images.colours import to_square
from model.images.decoder import Decoded, Pixels
from model.images.decoders import Decoders, available_cores

MODEL_FILE = "model.onnx"
SHEET_FILE = "backbone.json"
INPUT_NAME = "images"
OUTPUT_NAME = "features"

# On a CPU each core runs the network on a few images of its own: threads that share an image wait for each other, and
# more images leave the caches (on two cores: 252 images/s by twos, 232 by fours, 198 by fours with threads that share).
CPU_BATCH = 2
BATCH = 16

K = TypeVar("K")
Features = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Whatever turns images into the features of one backbone."""

    @property
    def backbone(self) -> Backbone:
        """The backbone whose features these are."""

    def embed(self, images: Sequence[Image.Image]) -> FloatArray:
        """Features of decoded images: float32 (n, width), n >= 0."""

    def embed_bytes(
        self,
        items: Iterable[tuple[K, bytes]],
        decoders: Decoders,
        batch_size: int = BATCH,
        owner: Hashable = None,
        deadline: float = math.inf,
    ) -> Iterator[tuple[K, FloatArray | ImageError]]:
        """For each file in turn its key and its feature, float32 (width,), or what is wrong with the file."""


class BatchEmbedder(ABC):
    """The part of an embedder that is the same for every runtime. Safe to use from several threads."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone

    @property
    def backbone(self) -> Backbone:
        """The backbone whose features these are."""
        return self._backbone

    @abstractmethod
    def _infer(self, pixels: Pixels) -> Features:
        """Features, float32 (n, width), of squares, uint8 (n, side, side, 3), n >= 1."""

    def embed(self, images: Sequence[Image.Image]) -> FloatArray:
        """Features of decoded images.

        Args:
            images: any number, any mode, any size.

        Returns:
            float32 (n, width), a row per image in order.
        """
        features = np.empty((len(images), self.backbone.width), dtype=np.float32)
        for start in range(0, len(images), BATCH):
            squares = [to_square(image, self.backbone.input_size) for image in images[start : start + BATCH]]
            features[start : start + BATCH] = self._infer(np.stack([np.asarray(square) for square in squares]))
        return features

    def embed_bytes(
        self,
        items: Iterable[tuple[K, bytes]],
        decoders: Decoders,
        batch_size: int = BATCH,
        owner: Hashable = None,
        deadline: float = math.inf,
    ) -> Iterator[tuple[K, FloatArray | ImageError]]:
        """Features of image files, decoded in other processes while the network runs.

        Holds two batches of files at most, however many there are, and reads no further ahead than that. Nothing is
        read before the first result is asked for.

        Args:
            items: key and content of each file; read in the caller's thread.
            decoders: which decode them, within their limits.
            batch_size: how many go through the network at once, from 1.
            owner: of the images, see `Decoders`.
            deadline: by the monotonic clock, after which nothing is decoded.

        Returns:
            In the order of the items: the key, and the feature, float32 (width,), or the ImageError that says what is
            wrong with that one file.

        Raises:
            InputError: the batch size is below 1.
            DecodingError: no process to decode can be started.
        """
        if batch_size < 1:
            raise InputError(f"The batch size is {batch_size}. Make it at least 1.")
        decoded = decoders.decode_each(items, self.backbone.input_size, owner, deadline, ahead=2 * batch_size)
        return self._stream(decoded, batch_size)

    def _stream(
        self, decoded: Generator[tuple[K, Decoded | ImageError]], batch_size: int
    ) -> Iterator[tuple[K, FloatArray | ImageError]]:
        with closing(decoded):
            while batch := list(islice(decoded, batch_size)):
                squares = [outcome.pixels for _, outcome in batch if not isinstance(outcome, ImageError)]
                features = iter(self._infer(np.stack(squares)) if squares else ())
                for key, outcome in batch:
                    yield key, outcome if isinstance(outcome, ImageError) else next(features)


class OnnxEmbedder(BatchEmbedder):
    """A backbone that `model.networks.export` wrote, run by ONNX Runtime: on CUDA if its build can, else on the CPU.

    Its threads don't survive a fork: make one in the process that uses it.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        """Load the backbone.

        Args:
            folder: what `model.networks.export.export` wrote.
            threads: how many small batches go through the network at once on a CPU; 0 is one per core.

        Raises:
            InputError: a negative number of threads.
            ModelError: the folder holds no whole export.
        """
        if threads < 0:
            raise InputError(f"The number of threads is {threads}. Make it 0 (one per core) or more.")
        super().__init__(read_backbone(folder))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
        providers = ["CUDAExecutionProvider"] * cuda + ["CPUExecutionProvider"]
        try:
            self._session = onnxruntime.InferenceSession(str(folder / MODEL_FILE), options, providers=providers)
        except Exception as error:  # ONNX Runtime's own errors have no common base but this.
            raise ModelError(f"{folder / MODEL_FILE} can't be loaded ({error}). Export the backbone again.") from error
        self._chunk = CPU_BATCH if self._session.get_providers() == ["CPUExecutionProvider"] else None
        self._pool = ThreadPoolExecutor(threads or available_cores(), thread_name_prefix="embed")

    def _infer(self, pixels: Pixels) -> Features:
        chunk = self._chunk or len(pixels)
        chunks = [pixels[start : start + chunk] for start in range(0, len(pixels), chunk)]
        return np.concatenate(list(self._pool.map(self._run, chunks)))

    def _run(self, pixels: Pixels) -> Features:
        inputs = self.backbone.normalise(pixels)
        features: Features = self._session.run([OUTPUT_NAME], {INPUT_NAME: inputs})[0]
        return features


def read_backbone(folder: Path) -> Backbone:
    """The backbone that an export in this folder holds.

    Raises:
        ModelError: there is no export, or it is not whole.
    """
    try:
        sheet = json.loads((folder / SHEET_FILE).read_text(encoding="utf-8"))
        red, green, blue = sheet["mean"]
        red_std, green_std, blue_std = sheet["std"]
        return Backbone(
            name=sheet["name"],
            version=sheet["version"],
            input_size=sheet["input_size"],
            mean=(red, green, blue),
            std=(red_std, green_std, blue_std),
            width=sheet["width"],
        )
    except FileNotFoundError:
        raise ModelError(
            f"There is no backbone in {folder}. Write one: python -m model.networks.export efficientnet-lite0 {folder}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder / SHEET_FILE} is broken ({error!r}). Export into a new folder.") from error
