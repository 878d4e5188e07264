"""Records of versions that were never made by a run."""

from collections.abc import Sequence

from backend.store.records.version import RecordedLabel, RecordedSettings, VersionRecord


def recorded_settings(backbone: str = "b1", classes: Sequence[str] = ("cat", "dog")) -> RecordedSettings:
    """What a version depends on."""
    return RecordedSettings(
        code="0.1.0",
        backbone=backbone,
        classes=tuple(classes),
        seed=0,
        holdout_share=0.1,
        strategy="margin",
        near_duplicate=0.9,
    )


def version_record(
    backbone: str = "b1", classes: Sequence[str] = ("cat", "dog"), labels: Sequence[RecordedLabel] = ()
) -> VersionRecord:
    """What made a version that nobody has measured."""
    return VersionRecord(tuple(labels), recorded_settings(backbone, classes), strategy="margin", evaluation=None)
