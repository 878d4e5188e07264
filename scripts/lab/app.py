"""The commands that measure and compare, as one application."""

from scripts.cli.commands import new_app
from scripts.lab.benchmarks.command import benchmark
from scripts.lab.comparison.command import compare
from scripts.lab.reproduction.command import reproduce
from scripts.lab.several import TakesSeveral
from scripts.lab.simulation.command import simulate
from scripts.lab.soak.command import soak
from scripts.lab.trust.command import trust
from scripts.lab.tuning.command import tune

app = new_app("Measure and compare: strategies, models, settings, promises and speed.")
app.command("simulate")(simulate)
app.command("compare")(compare)
app.command("tune")(tune)
app.command("trust", cls=TakesSeveral)(trust)
app.command("benchmark", cls=TakesSeveral)(benchmark)
app.command("soak", cls=TakesSeveral)(soak)
app.command("reproduce", cls=TakesSeveral)(reproduce)
