"""Structured logs: project, run and version are bound once and stand in every line."""

import logging
import sys
from typing import Any, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from backend.settings import Settings

MOST_CHARACTERS = 2_000
"""Of a value in a line."""

MOST_OF_A_TRACEBACK = 20_000


def configure(settings: Settings) -> None:
    """Send this process's logs, its libraries' included, to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        shorten,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for chatty in ("urllib3", "rq", "rq.worker", "alembic", "lance", "gunicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level)),
    )


def shorten(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """Leave out the middle of whatever is long: much of it comes from outside."""
    for name, value in line.items():
        if not name.startswith("_"):
            line[name] = _shortened(value, MOST_OF_A_TRACEBACK if name == "exception" else MOST_CHARACTERS)
    return line


def _shortened(value: Any, most: int) -> Any:
    """The value itself where it is short."""
    text = value if isinstance(value, str) else repr(value)
    if len(text) <= most:
        return value
    return f"{text[: most // 2]} … ({len(text)} characters) … {text[-most // 2 :]}"


def get(**values: Any) -> FilteringBoundLogger:
    """A logger; `values` stand in each of its lines."""
    return cast(FilteringBoundLogger, structlog.get_logger(**values))


def bind(**values: Any) -> None:
    """Put `values` into every later line of this thread."""
    structlog.contextvars.bind_contextvars(**values)


def unbind() -> None:
    """Forget what `bind` put into this thread's lines."""
    structlog.contextvars.clear_contextvars()
