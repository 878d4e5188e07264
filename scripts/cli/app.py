"""The commands that a team runs, as one application."""

from scripts.cli.autolabel.command import autolabel
from scripts.cli.commands import new_app
from scripts.cli.connection.command import connect, disconnect
from scripts.cli.finetune.command import finetune

app = new_app("Label Loop: live active learning for image classification in Label Studio.", completion=True)
app.command("connect")(connect)
app.command("disconnect")(disconnect)
app.command("autolabel")(autolabel)
app.command("finetune")(finetune)
