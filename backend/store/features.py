"""The feature store: one LanceDB table per backbone version, float16, by content hash."""

import hashlib
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from backend.store.quarantine import DamagedError, Quarantine
from backend.store.records.mirror import MirroredTask
from backend.store.trouble import trouble
from model.arrays import FloatArray
from model.backbone.backbone import Backbone

FEW = 500
"""Up to so many hashes are looked up by a filter; more by reading the table once."""

FRAGMENTS = 32
"""Small appends are merged when a table has more files than this."""


_READING = (RuntimeError, OSError, ValueError, LookupError)
"""What LanceDB and Arrow raise."""

T = TypeVar("T")


def content_hash(data: bytes) -> str:
    """Key of an image's feature: equal bytes are embedded once, whatever their address."""
    return hashlib.sha256(data).hexdigest()


def load_library() -> None:
    """Import LanceDB, which takes two seconds: in the web process after it answers, in the worker before it forks."""
    import lancedb  # noqa: F401, PLC0415


class FeatureStore:
    """Features of images, (width,) float16 each. The connection is opened at first use: never before a fork."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._quarantine = Quarantine(folder.parent)
        self._tables: dict[str, Any] = {}
        self._lock = threading.Lock()

    def add(self, backbone: Backbone, features: Mapping[str, FloatArray]) -> None:
        """Store features; a hash that is already there may be stored again, its feature is the same."""
        if not features:
            return
        import pyarrow as pa  # noqa: PLC0415 - see `load_library`

        vectors = np.stack(list(features.values())).astype(np.float16)
        column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), backbone.width)
        rows = pa.table({"hash": pa.array(list(features)), "feature": column})
        self._do(backbone, lambda table: table.add(rows))

    def get(self, backbone: Backbone, hashes: Sequence[str]) -> tuple[FloatArray, set[int]]:
        """Features in the order of `hashes`.

        Returns:
            (n, width) float16, and the positions in `hashes` that are not stored (their rows are zero).
        """
        rows: dict[str, list[int]] = {}
        for position, key in enumerate(hashes):
            rows.setdefault(key, []).append(position)
        found = np.zeros((len(hashes), backbone.width), dtype=np.float16)
        for batch in self._do(backbone, partial(self._batches, hashes=list(rows))):
            keys = batch.column("hash").to_pylist()
            column = cast(Any, batch.column("feature"))
            vectors = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, backbone.width)
            pairs = [(index, position) for index, key in enumerate(keys) for position in rows.pop(key, ())]
            if pairs:
                indices, positions = np.array(pairs).T
                found[positions] = vectors[indices]
        return found, {position for positions in rows.values() for position in positions}

    def of_tasks(self, backbone: Backbone, tasks: Iterable[MirroredTask]) -> dict[int, FloatArray]:
        """Features, (width,) float16 each, by task id, of those tasks that have one."""
        hashed = [task for task in tasks if task.content_hash is not None]
        found, missing = self.get(backbone, [task.content_hash or "" for task in hashed])
        return {task.id: found[position] for position, task in enumerate(hashed) if position not in missing}

    def stored(self, backbone: Backbone, hashes: Collection[str]) -> set[str]:
        """Which of the hashes have a feature."""

        def listed(table: Any) -> set[str]:
            return set(table.search().select(["hash"]).limit(None).to_arrow().column("hash").to_pylist())

        return self._do(backbone, listed) & set(hashes)

    def forget(self, backbone_version: str) -> None:
        """Remove all features of a backbone."""
        import lancedb  # noqa: PLC0415 - see `load_library`

        with self._lock:
            self._tables.pop(backbone_version, None)
            with suppress(ValueError):
                lancedb.connect(self._folder).drop_table(backbone_version)

    def sweep(self, held: Collection[str]) -> int:
        """Remove the features, of all backbones, of images that nobody holds; return how many.

        Args:
            held: content hashes of the images that somebody holds.
        """
        import lancedb  # noqa: PLC0415 - see `load_library`

        removed = 0
        for path in sorted(self._folder.glob("*.lance")):
            table = lancedb.connect(self._folder).open_table(path.stem)
            stored = set(table.search().select(["hash"]).limit(None).to_arrow().column("hash").to_pylist())
            gone = sorted(stored - set(held))
            for start in range(0, len(gone), FEW):
                listed = ", ".join(f"'{key}'" for key in gone[start : start + FEW])
                table.delete(f"hash IN ({listed})")
            if gone:
                table.optimize(cleanup_older_than=timedelta(minutes=10))
            removed += len(gone)
        return removed

    def tidy(self, backbone: Backbone) -> None:
        """Merge the files of many small appends; cheap when there is nothing to merge."""

        def merge(table: Any) -> None:
            if table.stats()["fragment_stats"]["num_fragments"] > FRAGMENTS:
                table.optimize(cleanup_older_than=timedelta(minutes=10))

        self._do(backbone, merge)

    @staticmethod
    def _batches(table: Any, hashes: Sequence[str]) -> Any:
        if not hashes:
            return []
        if len(hashes) > FEW:
            return table.to_arrow().to_batches()
        listed = ", ".join(f"'{key}'" for key in hashes)
        return table.search().where(f"hash IN ({listed})").limit(None).to_arrow().to_batches()

    def _do(self, backbone: Backbone, work: Callable[[Any], T]) -> T:
        """Work on a backbone's table; one that is damaged is set aside, and made anew without a feature."""

        def attempt(path: Path) -> tuple[T]:
            try:
                return (work(self._table(backbone)),)
            except _READING as error:
                # A table that another process has made anew is opened anew.
                self._close(backbone)
                if trouble(error) is None and path.exists() and self._is_damaged(backbone):
                    raise DamagedError(str(error)) from error
                raise

        path = self._folder / f"{backbone.version}.lance"
        done = self._quarantine.read(path, attempt) or attempt(path)
        return done[0]

    def _is_damaged(self, backbone: Backbone) -> bool:
        """Whether a table can't be read to its end: else it was a conflict of two writers, or a mistake of ours."""
        try:
            self._table(backbone).to_arrow()
        except _READING as error:
            self._close(backbone)
            return trouble(error) is None
        return False

    def _close(self, backbone: Backbone) -> None:
        with self._lock:
            self._tables.pop(backbone.version, None)

    def _table(self, backbone: Backbone) -> Any:
        with self._lock:
            if backbone.version not in self._tables:
                import lancedb  # noqa: PLC0415 - see `load_library`
                import pyarrow as pa  # noqa: PLC0415

                schema = pa.schema([("hash", pa.string()), ("feature", pa.list_(pa.float16(), backbone.width))])
                self._quarantine.make_folder(self._folder)
                connection = lancedb.connect(self._folder, read_consistency_interval=timedelta(0))
                self._tables[backbone.version] = connection.create_table(backbone.version, schema=schema, exist_ok=True)
            return self._tables[backbone.version]
