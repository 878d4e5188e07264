"""What tests inherit from the shell that starts them, made the same everywhere."""

import os
import signal
from contextlib import suppress

from backend.settings import Settings

# Of the terminal, and of who uses it: what is printed must not depend on them.
OF_THE_TERMINAL = {
    "COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PY_COLORS", "TTY_COMPATIBLE"
}  # fmt: skip
# Several processes share the cores, and threads that wait for one another in numpy's or PyTorch's pools spin.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
PREFIXES = ("LABEL_STUDIO_", "MLFLOW_", "LABEL_LOOP_", "_LABEL_LOOP_")


def forget_the_shell() -> None:
    """Undo what a shell may have set: settings of ours, a terminal's size and colours, locale, umask, threads, ignored
    signals.

    Child processes inherit all of it from this one.
    """
    ours = {name.upper() for name in Settings.model_fields} | OF_THE_TERMINAL
    for name in list(os.environ):
        if name.upper() in ours or name.startswith(PREFIXES):
            del os.environ[name]
    os.environ.update({"TERM": "dumb", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"} | ONE_THREAD)
    os.environ.setdefault("HOME", os.path.expanduser("~"))  # noqa: PTH111 - of who runs this, also without HOME
    os.umask(0o022)
    # A shell that starts something in the background has it ignore Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        with suppress(ValueError):  # Not in the main thread.
            signal.signal(signal.SIGINT, signal.default_int_handler)
