'''What every command shares, and what a team runs: `label-loop connect`, `disconnect`, `autolabel`, `finetune`.

This is the only package of `scripts` in the images, so it imports none of the others. To add a command, in any of them:

1. `options.py`: a frozen, keyword-only dataclass whose fields are the options, each stated there and nowhere else. What
   several commands take comes from `scripts.cli.options` (`Project`, `Backend`, `Token`, `Data`, `Seed` …). A rule
   between two options belongs in `__post_init__`, which raises `UsageError`.
2. `command.py`: a function of these options. Its docstring is the help; what it returns is the exit code (None is 0).
   It imports what takes time in its body, for `--help` and completion load nothing else:

       @takes_options
       def simulate(options: Options) -> int:
           """Replay labelling on labelled images: how many labels each strategy needs."""
           from scripts.lab.simulation.run import simulate_all
           return simulate_all(options)

3. `app.py` of the package: `app = new_app("…")`, `app.command("simulate")(simulate)`. Its `__main__.py` ends with
   `sys.exit(run(app, "python -m scripts.lab"))`.
4. A launcher `scripts/simulate`, whose last line is `launch scripts.lab simulate "$@"`. `./scripts/document` writes
   the command's section of docs/reference.md.

What goes wrong is raised as `CommandError` with a sentence that says what to do; it is shown as `error: …`, with exit
code 1.
'''
