"""Who may call, where nobody has to show anything."""

from backend.settings import Settings

ONLY_THIS_MACHINE = (
    "Only this machine may call while no credentials are set: set BASIC_AUTH_USER and BASIC_AUTH_PASS (and "
    "WEBHOOK_SECRET), and run connect with them."
)

ANYBODY = "Anybody who reaches HOST={host} may call, and have labels written with the token of Label Studio."
ANYBODY_MEND = "Set BASIC_AUTH_USER and BASIC_AUTH_PASS (and WEBHOOK_SECRET), and run connect with them."


def exposure(settings: Settings) -> str | None:
    """What is wrong with who may call; None where nothing is."""
    if settings.is_guarded or settings.is_for_this_machine:
        return None
    return ANYBODY.format(host=settings.host)
