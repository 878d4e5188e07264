"""The commands for those who work on Label Loop itself, as one application."""

from scripts.cli.commands import new_app
from scripts.dev.command import completion, document, test

app = new_app("For those who work on Label Loop itself.")
app.command("document")(document)
app.command("completion")(completion)
app.command("test", context_settings={"ignore_unknown_options": True})(test)
