"""Delivers what is tracked to MLflow, once: `python -m backend.tracker`. Ends with 1 where something was left."""

import os
import sys
from contextlib import suppress
from datetime import timedelta

from redis.exceptions import RedisError

from backend import logs
from backend.queue.counters import Counters
from backend.services import Services
from backend.settings import load
from backend.store import database
from backend.tracking.delivery import deliver, forget_old

log = logs.get()


def main() -> int:
    """Deliver with the least urgency: whatever else this machine does comes first."""
    os.nice(19)
    settings = load()
    logs.configure(settings)
    services = Services(settings)
    if settings.mlflow_tracking_uri.startswith("sqlite"):
        database.set_aside_if_corrupt(settings.mlflow_tracking_uri, settings.model_dir)
    artefacts = settings.model_dir / "mlflow-artifacts"
    sent = deliver(services.outbox, settings.mlflow_tracking_uri, artefacts)
    forgotten = forget_old(settings.mlflow_tracking_uri, artefacts, timedelta(days=settings.retention_days))
    left = len(services.outbox.waiting())
    log.info("delivered to MLflow", sent=sent, left=left, forgotten=forgotten)
    with suppress(RedisError):
        services.queue.count(Counters(tracked=sent))
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
