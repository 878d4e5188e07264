"""The command finetune."""

from scripts.cli.commands import takes_options
from scripts.cli.finetune.options import FinetuneOptions


@takes_options
def finetune(options: FinetuneOptions) -> int:
    """Train the project's backbone on its labels, as a job beside the loop.

    What comes of it is used only where it is right more often than the one in use, on labels that neither learned from.
    It waits for the end; Ctrl-C leaves the training alone. User and password or secret are those of the settings. Exit
    code 1 where it was refused or failed. See docs/finetuning.md.
    """
    from scripts.cli.finetune import run

    return run.finetune(options)
