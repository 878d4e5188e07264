"""Images in, features out: the backbone at work, in ONNX Runtime. Never imports torch.

`Embedder` is what the rest of the program asks for. `OnnxEmbedder` serves on any machine;
`model.networks.torch_embedder` has its twin for a CUDA worker. Both decode in threads while the network runs on the
images before.
"""

import json
import os
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
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
from model.images import ImageLimits, decode

MODEL_FILE = "model.onnx"
SHEET_FILE = "backbone.json"
INPUT_NAME = "images"
OUTPUT_NAME = "features"

# On a CPU each core runs the network on a few images of its own: threads that share an image wait for each other, and
# more images leave the caches (on two cores: 252 images/s by twos, 232 by fours, 198 by fours with threads that share).
CPU_BATCH = 2
BATCH = 16

K = TypeVar("K")
Input = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Whatever turns images into the features of one backbone."""

    @property
    def backbone(self) -> Backbone:
        """The backbone whose features these are."""

    def embed(self, images: Sequence[Image.Image]) -> FloatArray:
        """Features of decoded images: float32 (n, width), n >= 0."""

    def embed_bytes(
        self, items: Iterable[tuple[K, bytes]], limits: ImageLimits, batch_size: int = BATCH
    ) -> Iterator[tuple[K, FloatArray | ImageError]]:
        """For each file in turn its key and its feature, float32 (width,), or what is wrong with the file."""


class BatchEmbedder(ABC):
    """The part of an embedder that is the same for every runtime."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone

    @property
    def backbone(self) -> Backbone:
        """The backbone whose features these are."""
        return self._backbone

    @abstractmethod
    def _infer(self, inputs: Input) -> Input:
        """Features, float32 (n, width), of normalised images, float32 (n, 3, side, side), n >= 1."""

    def embed(self, images: Sequence[Image.Image]) -> FloatArray:
        """Features of decoded images.

        Args:
            images: any number, any mode, any size.

        Returns:
            float32 (n, width), a row per image in order.
        """
        features = np.empty((len(images), self.backbone.width), dtype=np.float32)
        for start in range(0, len(images), BATCH):
            inputs = np.stack([self.backbone.preprocess(image) for image in images[start : start + BATCH]])
            features[start : start + BATCH] = self._infer(inputs)
        return features

    def embed_bytes(
        self, items: Iterable[tuple[K, bytes]], limits: ImageLimits, batch_size: int = BATCH
    ) -> Iterator[tuple[K, FloatArray | ImageError]]:
        """Features of image files, decoded in threads while the network runs.

        Holds two batches of files at most, however many there are, and reads no further ahead than that. Nothing is
        read before the first result is asked for.

        Args:
            items: key and content of each file; read in the caller's thread.
            limits: for each file.
            batch_size: how many go through the network at once, from 1.

        Returns:
            In the order of the items: the key, and the feature, float32 (width,), or the ImageError that says what is
            wrong with that one file.

        Raises:
            InputError: the batch size is below 1.
        """
        if batch_size < 1:
            raise InputError(f"The batch size is {batch_size}. Make it at least 1.")
        return self._stream(iter(items), limits, batch_size)

    def _stream(
        self, items: Iterator[tuple[K, bytes]], limits: ImageLimits, batch_size: int
    ) -> Iterator[tuple[K, FloatArray | ImageError]]:
        pool = ThreadPoolExecutor(max_workers=_cores(), thread_name_prefix="decode")
        waiting: deque[tuple[K, Future[Input | ImageError]]] = deque()
        try:
            while True:
                for key, data in islice(items, 2 * batch_size - len(waiting)):
                    waiting.append((key, pool.submit(self._read, data, limits)))
                if not waiting:
                    return
                batch = [waiting.popleft() for _ in range(min(batch_size, len(waiting)))]
                yield from self._finish([(key, future.result()) for key, future in batch])
        finally:
            pool.shutdown(cancel_futures=True)

    def _read(self, data: bytes, limits: ImageLimits) -> Input | ImageError:
        try:
            return self.backbone.preprocess(decode(data, limits, size_hint=self.backbone.input_size))
        except ImageError as error:
            return error

    def _finish(self, batch: list[tuple[K, Input | ImageError]]) -> Iterator[tuple[K, FloatArray | ImageError]]:
        inputs = [read for _, read in batch if not isinstance(read, ImageError)]
        features = iter(self._infer(np.stack(inputs)) if inputs else ())
        for key, read in batch:
            yield key, read if isinstance(read, ImageError) else next(features)


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
        self._pool = ThreadPoolExecutor(threads or _cores(), thread_name_prefix="embed")

    def _infer(self, inputs: Input) -> Input:
        chunk = self._chunk or len(inputs)
        chunks = [inputs[start : start + chunk] for start in range(0, len(inputs), chunk)]
        return np.concatenate(list(self._pool.map(self._run, chunks)))

    def _run(self, inputs: Input) -> Input:
        features: Input = self._session.run([OUTPUT_NAME], {INPUT_NAME: inputs})[0]
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


def _cores() -> int:
    """Cores that this process may use, which in a container is fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
