"""Kinds of faults, by the names that the command takes."""

from enum import StrEnum


class FaultName(StrEnum):
    """Kinds of faults."""

    WEB = "web-killed"
    WORKER = "worker-killed"
    WORK_HORSE = "work-horse-killed"
    REDIS = "redis-lost"
    LABEL_STUDIO = "label-studio-killed"
    NOT_FOUND = "404-pages"
    ERROR = "500s"
    BAD_GATEWAY = "502s"
    TORN = "torn-answers"
    SILENT = "label-studio-silent"
    DRIPPING = "dripping-host"
    DEAD = "dead-host"
    HOSTILE = "hostile-images"
    MALFORMED = "malformed-payloads"
    HALF_SENT = "half-sent-requests"
    CORRUPT = "corrupt-version"
    FULL_DISK = "full-disk"
