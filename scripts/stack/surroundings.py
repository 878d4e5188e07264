"""The part of our own environment that a child process gets."""

import os

# Variables that would change what a child does behind our back: each child is told these explicitly or not at all.
OURS = (
    "LABEL_STUDIO_",
    "DJANGO_",
    "BASIC_AUTH_",
    "WEBHOOK_",
    "POSTGRE_",
    "SENTRY_",
    "FRONTEND_SENTRY_",
    "fflag_",
    "ff_",
)
OURS_EXACTLY = ("DATABASE_URL", "REDIS_URL", "MODEL_DIR", "HOST", "PORT", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
LOCAL_NAMES = "127.0.0.1,localhost"


def inherited() -> dict[str, str]:
    """Our environment without the variables that Label Studio or the backend read; local addresses pass proxies by."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS) and name not in OURS_EXACTLY}
    others = kept.get("NO_PROXY") or kept.get("no_proxy")
    kept["NO_PROXY"] = kept["no_proxy"] = f"{others},{LOCAL_NAMES}" if others else LOCAL_NAMES
    return kept
