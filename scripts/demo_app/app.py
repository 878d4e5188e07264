"""The demo, as an application of one command."""

from scripts.cli.commands import new_app, takes_options
from scripts.demo_app.options import DemoOptions


@takes_options
def demo(options: DemoOptions) -> int:
    """Run the whole loop on this machine until Ctrl-C; run again, it goes on.

    It starts Redis, Label Studio, the backend and its worker, and makes a project with images. Exit code 1 where
    something could not be started, or where the simulated annotator found that the loop did not run; 0 after Ctrl-C
    once everything runs.
    """
    from scripts.demo_app import run  # noqa: PLC0415 - `--help` waits for nothing

    return run.run_demo(options)


app = new_app("Everything on one machine.")
app.command("demo")(demo)
