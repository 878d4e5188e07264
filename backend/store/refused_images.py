"""Images that can't be used, by content: a hostile one costs its limits once, not with each task and run."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import PIL
from sqlalchemy import Engine, delete, insert, or_, select
from sqlalchemy.exc import IntegrityError

from backend.store.schema import RefusedImageRow
from model.images.formats import SUPPORTED
from model.images.limits import ImageLimits

KEPT = timedelta(days=30)
"""After that an image is tried again, and the table doesn't grow for ever."""


class RefusedImages:
    """What is known of them. Safe to use from several threads and processes.

    A verdict holds for the limits and the decoder that it was reached with: whoever raises a limit, or installs another
    Pillow, has all of them tried again.
    """

    def __init__(self, engine: Engine, limits: ImageLimits) -> None:
        self._engine = engine
        self._limits = f"{limits} Pillow {PIL.__version__} {' '.join(SUPPORTED)}"

    def reasons(self, hashes: Collection[str]) -> dict[str, str]:
        """Why those of the images that were refused can't be used, by content hash.

        Args:
            hashes: of a chunk of images.
        """
        query = select(RefusedImageRow.content_hash, RefusedImageRow.reason).where(
            RefusedImageRow.content_hash.in_(sorted(hashes)),
            RefusedImageRow.limits == self._limits,
            RefusedImageRow.refused_at > datetime.now(UTC) - KEPT,
        )
        if not hashes:
            return {}
        with self._engine.connect() as connection:
            return dict(connection.execute(query).all())

    def remember(self, reasons: Mapping[str, str]) -> None:
        """Keep why images can't be used.

        Args:
            reasons: by content hash, of a chunk of images.
        """
        if not reasons:
            return
        now = datetime.now(UTC)
        rows = [
            {"content_hash": key, "limits": self._limits, "reason": reason, "refused_at": now}
            for key, reason in sorted(reasons.items())
        ]
        outdated = or_(RefusedImageRow.refused_at < now - KEPT, RefusedImageRow.content_hash.in_(reasons))
        # Where another process finds out the same at the same time, one of them has kept it.
        with suppress(IntegrityError), self._engine.begin() as connection:
            connection.execute(delete(RefusedImageRow).where(outdated))
            connection.execute(insert(RefusedImageRow), rows)
