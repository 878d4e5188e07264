"""Where a training is kept: its checkpoint while it runs, its result when it is done."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from model.arrays import IntArray
from model.errors import InputError
from model.networks import storage
from model.networks.digest import digest
from model.networks.network import Network
from model.training import checkpoint
from model.training.checkpoint import Tensors, TrainingState
from model.training.history import Epoch
from model.training.options import TrainingOptions
from model.training.splits import TrainingSplit


def fingerprint(network: Network, labels: IntArray, split: TrainingSplit, options: TrainingOptions) -> str:
    """What tells one training from another, hexadecimal: network and weights, labels, split and options."""
    about = [network.name, network.classes, network.input_size, asdict(options)]
    sha = sha256(json.dumps(about).encode())
    sha.update(digest(network).encode())
    for rows in (labels, split.train, split.validation):
        sha.update(rows.astype("int64").tobytes())
    return sha.hexdigest()


class TrainingFolder:
    """A folder for the result and, beside it, a checkpoint; or neither, where nothing is to be kept."""

    def __init__(self, folder: Path | None, training: str) -> None:
        """Note where; nothing is read or made.

        Args:
            folder: of the result; None keeps nothing.
            training: its fingerprint.
        """
        self._folder = folder
        self._checkpoint = None if folder is None else folder.with_name(f"{folder.name}.checkpoint.safetensors")
        self._training = training

    def finished(self) -> tuple[Tensors, tuple[Epoch, ...]] | None:
        """Weights and history of this training if it was finished before.

        Raises:
            InputError: the folder holds another training's result.
            ModelError: the result is broken.
        """
        if self._folder is None or not storage.is_saved(str(self._folder)):
            return None
        record = storage.read_record(self._folder)
        if record.get("training") != self._training:
            raise InputError(
                f"{self._folder} holds the result of another training: other images, labels, split, options or "
                "network. Choose another folder."
            )
        history = tuple(Epoch(**epoch) for epoch in record["history"])
        return storage.load(self._folder).state_dict(), history

    def state(self) -> TrainingState | None:
        """Where an interrupted run of this training stands.

        Raises:
            InputError: the checkpoint is another training's.
            ModelError: the checkpoint is broken.
        """
        if self._checkpoint is None or not self._checkpoint.exists():
            return None
        return checkpoint.read(self._training, self._checkpoint)

    def keep(self, state: TrainingState) -> None:
        """Put a state in place of the one before."""
        if self._checkpoint is not None:
            self._checkpoint.parent.mkdir(parents=True, exist_ok=True)
            checkpoint.write(state, self._training, self._checkpoint)

    def finish(self, network: Network, options: TrainingOptions, history: Iterable[Epoch]) -> None:
        """Save the result, whole or not at all; the checkpoint has had its use then.

        Raises:
            ModelError: something else came into the folder meanwhile.
        """
        if self._folder is None or self._checkpoint is None:
            return
        epochs = [asdict(epoch) for epoch in history]
        record = {"training": self._training, "options": asdict(options), "history": epochs}
        storage.save(network, self._folder, record)
        self._checkpoint.unlink(missing_ok=True)
