"""The comparison as one HTML page that needs nothing but itself."""

from collections.abc import Sequence

from scripts.lab import pages
from scripts.lab.comparison import class_plots, mistakes, plots, tables
from scripts.lab.comparison.figures import Figures
from scripts.lab.comparison.judged import Judged
from scripts.lab.comparison.outcome import NotRun
from scripts.lab.comparison.verdict import ranked, verdict

PAIRS = 10
"""Most frequent mistakes that are listed."""

ACCURACY_NOTE = (
    "Test images took no part in training or in any choice. Intervals are Wilson's, 95 %. Top-5 and top-10: the label "
    "is among the five or ten most probable classes."
)
LOSS_NOTE = (
    "Loss is the mean negative log of the label's probability, before calibration, of training images without "
    "augmentation. The calibration error is the mean gap between confidence and accuracy on the test images, 15 bins, "
    "before and after the logits are divided by a temperature that the validation images choose."
)
RELIABILITY_NOTE = (
    "Accuracy of the test images by confidence: on the dashed line a confidence is what it says. A dot's area is its "
    "share of the images; in the legend, the calibration error."
)
COST_NOTE = (
    "Images a second are recognised by PyTorch, those of a frozen network by ONNX Runtime, as in the loop; decoded "
    "beforehand. Training includes validation; of a frozen network it is export, embedding and the fit of the head."
)
CURVES_NOTE = (
    "Solid: validation images. Dashed: training images as they are augmented, averaged over the epoch, while the "
    "network still changes. A frozen network has no epochs."
)
ROWS_NOTE = (
    "Test images of each class, the least recall first. Entropy is of the calibrated predictions: 0 bits where the "
    "model is sure; the line in a box is the median, the box half of the images."
)


def page(judged: Judged) -> str:
    """The page's HTML."""
    settings = judged.settings
    return pages.document(
        f"Models compared on {settings['data']}",
        "Which model recognises your images best?",
        f"{settings['data']} – {settings['images']:,} images of {settings['classes']} classes, one split for all",
        pages.best(verdict(judged.models)),
        *_together(judged),
        *(_alone(judged, model) for model in ranked(judged.models)),
        pages.settings(settings),
    )


def _together(judged: Judged) -> list[str]:
    models = ranked(judged.models)
    return [
        *([_not_run(judged.missing)] if judged.missing else []),
        pages.section("Accuracy", pages.table(tables.accuracies(models)), pages.note(ACCURACY_NOTE)),
        pages.section("Cost", pages.table(tables.costs(models)), pages.note(COST_NOTE)),
        *([_curves(models)] if any(each.outcome.history for each in models) else []),
        pages.section(
            "Loss and calibration",
            pages.table(tables.losses(models)),
            pages.note(LOSS_NOTE),
            pages.image(plots.reliability(models), "Accuracy by confidence"),
            pages.note(RELIABILITY_NOTE),
        ),
        pages.section(
            "The classes",
            pages.image(plots.distribution(judged.classes, judged.parts), "Images by class"),
            pages.note("Images of each class, and the part that they are in."),
        ),
    ]


def _not_run(missing: Sequence[NotRun]) -> str:
    return pages.section("Not run", pages.terms({each.model: each.reason for each in missing}))


def _curves(models: Sequence[Figures]) -> str:
    return pages.section(
        "Epoch by epoch", pages.image(plots.curves(models), "Loss and accuracy by epoch"), pages.note(CURVES_NOTE)
    )


def _alone(judged: Judged, model: Figures) -> str:
    """One model in depth."""
    grid = mistakes.grid(model, judged.images[model.outcome.model], judged.split.test)
    wrong = int((~model.right).sum())
    return pages.section(
        model.outcome.model,
        *_pictures(grid, wrong),
        pages.subsection("Most often confused", pages.table(tables.confused(model, PAIRS))) if wrong else "",
        pages.subsection("Confusion matrix", pages.image(class_plots.confusion(model), "Labels by prediction")),
        pages.subsection(
            "Class by class", pages.image(class_plots.rows(model), "Recall, precision, entropy"), pages.note(ROWS_NOTE)
        ),
        pages.folded("All classes in figures", pages.table(tables.by_class(model))),
    )


def _pictures(grid: bytes | None, wrong: int) -> list[str]:
    if grid is None:
        return ["<p>Every test image is recognised.</p>"]
    said = f"{wrong:,} test images are mistaken: what they are, → what the model sees, and how sure it is."
    return [pages.subsection("The most confident mistakes", pages.image(grid, "Mistaken images"), pages.note(said))]
