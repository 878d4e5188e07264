"""The table: what was published on which data, and the model of ours that is run beside it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RowSize:
    """A row in small, for a CPU.

    Attributes:
        images: used, of each class its share; None for all.
        epochs: of training; None for the device's own.
        resolution: side in pixels; None for the network's own.
    """

    images: int | None
    epochs: int | None = None
    resolution: int | None = None


@dataclass(frozen=True)
class PublishedRow:
    """A published figure and ours.

    Attributes:
        data: `caltech101`, `cifar10` or `cifar100`.
        method: as it was published; empty where the row is a goal of ours.
        accuracy: on test images, as it was published, in [0, 1]; None for a goal of ours.
        model: ours, as `./scripts/compare` names it.
        reduced: the row in small.
        top5: published, or None.
        goal: accuracy that ours must have, or None.
        goal_top5: likewise.
        images: that ours is trained, validated and tested on; None for all.
    """

    data: str
    method: str
    accuracy: float | None
    model: str
    reduced: RowSize
    top5: float | None = None
    goal: float | None = None
    goal_top5: float | None = None
    images: int | None = None


SMALL_SIDE = 128
"""CIFAR's images of 32 pixels gain little from more, and a CPU waits three times as long for 224."""

FIVE_THOUSAND = 7286
"""Images of CIFAR-100 of which 5,000 train, where a sixth of the data are set aside for testing."""

ROWS = (
    PublishedRow("caltech101", "AlexNet-like, from scratch", 0.712, "alexnet-scratch", RowSize(1000, epochs=4)),
    PublishedRow("caltech101", "ResNet50V2 features", 0.940, "frozen:resnet50", RowSize(300)),
    PublishedRow("caltech101", "InceptionV3 features", 0.924, "frozen:inception_v3", RowSize(300)),
    # Features of all images take a CPU minutes: the row is whole everywhere.
    PublishedRow("caltech101", "", None, "frozen:efficientnet-lite0", RowSize(None), goal=0.955),
    PublishedRow("caltech101", "", None, "efficientnet-lite0", RowSize(1000), goal=0.97),
    PublishedRow("cifar10", "tuned small CNN", 0.764, "cnn-small", RowSize(3000, epochs=6)),
    PublishedRow("cifar10", "ResNet50, fine-tuned", 0.924, "resnet50", RowSize(300, resolution=SMALL_SIDE)),
    PublishedRow("cifar10", "VGG16, fine-tuned", 0.552, "vgg16", RowSize(200, epochs=2, resolution=SMALL_SIDE)),
    PublishedRow("cifar10", "InceptionV3, fine-tuned", 0.951, "inception_v3", RowSize(300, resolution=SMALL_SIDE)),
    PublishedRow("cifar10", "", None, "efficientnet-lite0", RowSize(1000, resolution=SMALL_SIDE), goal=0.97),
    PublishedRow("cifar100", "CNN", 0.598, "cnn-small", RowSize(3000, epochs=6)),
    PublishedRow("cifar100", "EfficientNet-B0", 0.806, "efficientnet_b0", RowSize(1000, resolution=SMALL_SIDE)),
    PublishedRow(
        "cifar100", "MobileNet, 5,000 training images", 0.54, "mobilenet_v3_large",
        RowSize(1000, resolution=SMALL_SIDE), top5=0.85, images=FIVE_THOUSAND,
    ),
    PublishedRow("cifar100", "", None, "efficientnet-lite0", RowSize(1000, resolution=SMALL_SIDE), goal=0.85),
    PublishedRow(
        "cifar100", "5,000 training images", None, "efficientnet-lite0",
        RowSize(1000, resolution=SMALL_SIDE), goal=0.65, goal_top5=0.88, images=FIVE_THOUSAND,
    ),
)  # fmt: skip
"""The figures are those of the issue that asked for the comparison; what they were measured on is in its words."""
