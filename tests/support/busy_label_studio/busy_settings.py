"""Label Studio's own settings, with an SQLite that several test processes may write to at once.

Left as it is, a transaction that begins by reading and writes later fails at once where somebody else wrote in between,
and every other write fails after five seconds: "database is locked", answered as a 500. What our code does on such an
answer has tests of its own; all other tests are about something else.
"""

# The second import asks for what the first one sets while it is still going on.
from core.settings.base import *  # noqa: F403
from core.settings.label_studio import *  # noqa: F403
from core.settings.label_studio import DATABASES

DATABASES["default"]["OPTIONS"] = {
    "timeout": 120,
    "transaction_mode": "IMMEDIATE",
    # Readers and the writer don't wait for each other; what a power failure would lose is thrown away anyway.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
}
