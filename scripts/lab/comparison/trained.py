"""A network trained as a whole."""

from pathlib import Path

from model.errors import CancelledError
from model.networks.network import Network
from model.training.fit import train
from model.training.history import Epoch
from model.training.options import TrainingOptions
from model.training.splits import TrainingSplit
from scripts.cli.progress import progress
from scripts.lab.comparison import speed
from scripts.lab.comparison.images import LabelledImages
from scripts.lab.comparison.outcome import ModelOutcome, PlannedModel
from scripts.lab.comparison.predicting import predict
from scripts.lab.interrupts import Interrupted, ctrl_c


def run(
    planned: PlannedModel,
    network: Network,
    data: LabelledImages,
    split: TrainingSplit,
    options: TrainingOptions,
    networks: Path,
) -> ModelOutcome:
    """Train a network and apply it to all images.

    Args:
        planned: what it is called, and how it is made.
        network: trained in place.
        data: images with a class.
        split: train and validation are learned from.
        options: how.
        networks: folder for trained networks; a training that was interrupted goes on from there.

    Raises:
        Interrupted: Ctrl-C; the epochs that are finished are kept.
        TrainingError: the loss is not finite, or memory is short.
    """
    rate = speed.images_per_second(network, data.images)
    with progress(planned.model, options.epochs, "epoch") as bar, ctrl_c() as pressed:

        def note(epoch: Epoch, _: float) -> None:
            bar.reach(epoch.number)
            bar.note(f"validation {epoch.validation_accuracy:.1%}")

        try:
            trained = train(
                network,
                data.images,
                data.targets,
                split,
                options,
                folder=networks / planned.folder_name,
                progress=note,
                cancelled=pressed,
            )
        # Lightning answers SIGTERM, and Ctrl-C pressed twice, by a SystemExit that says nothing.
        except (CancelledError, SystemExit) as stopped:
            raise Interrupted from stopped
    return ModelOutcome(
        model=planned.model,
        logits=predict(trained.network, data.images, f"{planned.model}, predictions"),
        history=trained.history,
        best_epoch=trained.best_epoch,
        settings=planned.settings,
        parameters=speed.parameters(network),
        megabytes=speed.megabytes(network),
        seconds=trained.seconds,
        images_per_second=rate,
        device=speed.device(),
    )
