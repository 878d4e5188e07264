"""The soak itself: people at work, faults one after the other, and the count at the end."""

import json
import random
import threading
import time
from dataclasses import asdict

from scripts.cli.connection.api import LabelStudioApi
from scripts.cli.progress import progress
from scripts.lab.soak import installation as installations
from scripts.lab.soak import payloads
from scripts.lab.soak import projects as soak_projects
from scripts.lab.soak.annotators import SoakAnnotator, Submits
from scripts.lab.soak.errors import SoakError
from scripts.lab.soak.faults import FAULTS, Stage, order
from scripts.lab.soak.gauges import Sampler
from scripts.lab.soak.installation import BASIC_AUTH, Installation
from scripts.lab.soak.kinds import FaultName
from scripts.lab.soak.options import SoakOptions
from scripts.lab.soak.outcome import MadeFault, ProjectOutcome, SoakOutcome
from scripts.lab.soak.projects import SoakProject
from scripts.lab.soak.watch import DatabaseWatch
from scripts.stack.accounts import sign_up
from scripts.stack.client import BackendPage
from scripts.stack.errors import StackError

FIRST_VERSION_SECONDS = 240.0
RECOVERY_SECONDS = 90.0
SETTLING_SECONDS = 180.0
PAUSE_SECONDS = 0.25
BREATH_SECONDS = (0.5, 3.0)
OVER_A_LIMIT = 3


def soak(options: SoakOptions) -> int:
    """Soak, print the table, write the report.

    Returns:
        3 where something is over its limit, else 0.
    """
    with installations.running(options.home) as installation:
        outcome = Soak(installation, options).run()
    outcome.table().show()
    outcome.faults_table().show()
    if options.out is not None:
        options.out.write_text(json.dumps(_report(outcome), indent=1))
    if options.markdown is not None:
        options.markdown.write_text(f"{outcome.table().markdown()}\n\n{outcome.faults_table().markdown()}\n")
    return 0 if outcome.holds() else OVER_A_LIMIT


class Soak:
    """One soak of a running installation."""

    def __init__(self, installation: Installation, options: SoakOptions) -> None:
        self._installation, self._options = installation, options
        self._chance = random.Random(options.seed)  # noqa: S311 - nothing is secret
        self._projects = [soak_projects.make(installation, letter, local=letter == "a") for letter in ("a", "b", "c")]
        self._watch = DatabaseWatch(installation, self._projects)
        self._sampler = Sampler(installation)
        self._submits = Submits()
        self._stage = Stage(installation, self._projects, self._watch, self._chance, payloads.routes(installation))
        self._stopping = threading.Event()
        self._faults: list[MadeFault] = []
        self._outages: list[tuple[float, float]] = []
        self._began = time.monotonic()

    def run(self) -> SoakOutcome:
        """Have people label while one fault follows the other; count at the end.

        Raises:
            SoakError: a project gets no version in the beginning, or a process does not come back.
        """
        self._watch.start()
        self._wait_for_versions()
        annotators = [
            SoakAnnotator(token, self._projects, self._submits, self._stopping, self._options.pace, number)
            for number, token in enumerate(self._tokens())
        ]
        self._began = time.monotonic()
        self._sampler.start()
        for annotator in annotators:
            annotator.start()
        self._break_things(self._began + 60 * self._options.minutes)
        self._stopping.set()
        for annotator in annotators:
            annotator.join()
        outcomes = self._settled()
        self._sampler.stop()
        self._watch.stop()
        return SoakOutcome(
            minutes=self._options.minutes,
            faults=self._faults,
            projects=outcomes,
            submits=self._submits,
            seen=self._watch.seen,
            gauges=self._sampler.gauges,
            malformed=self._stage.statuses,
            outages=self._outages,
        )

    def _tokens(self) -> list[str]:
        """Of as many users: Label Studio locks a task for a user, and two at one account would get the same."""
        server = self._installation.label_studio
        api = LabelStudioApi(server.url, server.token)
        return [sign_up(api, server.url).token for _ in range(self._options.annotators)]

    def _break_things(self, end: float) -> None:
        following = order(self._options.only, self._chance)
        with progress("soaking", round(end - self._began), "s") as bar:
            while (now := time.monotonic()) < end:
                bar.reach(round(now - self._began))
                time.sleep(self._chance.uniform(*BREATH_SECONDS))
                self._break(following())

    def _break(self, name: FaultName) -> None:
        begun = time.monotonic()
        FAULTS[name](self._stage)
        ended = time.monotonic()
        if name is FaultName.LABEL_STUDIO:
            self._outages.append((begun, ended))
        standstill = self._standstill(ended)
        self._faults.append(MadeFault(name, begun - self._began, ended - begun, standstill))

    def _standstill(self, ended: float) -> float | None:
        """Seconds from a fault's end until each project's queue had moved, by a new version; None for never."""
        waiting = {project.id for project in self._projects}
        while waiting and time.monotonic() < ended + RECOVERY_SECONDS:
            for project in list(waiting):
                _, seen = self._watch.newest(project)
                if seen > ended:
                    waiting.discard(project)
            time.sleep(PAUSE_SECONDS)
        return None if waiting else time.monotonic() - ended

    def _wait_for_versions(self) -> None:
        deadline = time.monotonic() + FIRST_VERSION_SECONDS
        while not all(self._watch.newest(project.id)[0] for project in self._projects):
            if time.monotonic() > deadline:
                raise SoakError(f"Not every project has a version after {FIRST_VERSION_SECONDS:.0f} s. See the logs.")
            time.sleep(PAUSE_SECONDS)

    def _settled(self) -> list[ProjectOutcome]:
        """The projects once their last versions know every label, or do not after a while."""
        deadline = time.monotonic() + SETTLING_SECONDS
        while True:
            outcomes = [self._outcome(project) for project in self._projects]
            if all(each.lost == 0 for each in outcomes) or time.monotonic() > deadline:
                return outcomes
            time.sleep(1.0)

    def _outcome(self, project: SoakProject) -> ProjectOutcome:
        labelled = self._watch.labelled(project.id)
        submitted = {each.task for each in self._submits.taken if each.project == project.id}
        return ProjectOutcome(
            submitted=len(submitted),
            kept=len(submitted & labelled),
            labelled=len(labelled),
            learned=self._learned(project, labelled),
            tasks=len(project.truth),
        )

    def _learned(self, project: SoakProject, labelled: set[int]) -> int | None:
        page = BackendPage(self._installation.server.url, BASIC_AUTH, project.id)
        try:
            version = page.version(self._watch.newest(project.id)[0])
        except StackError:
            return None
        return None if version is None else len(labelled & set(version["task_ids"]))


def _report(outcome: SoakOutcome) -> dict[str, object]:
    return {
        "figures": [asdict(each) for each in outcome.figures()],
        "faults": [asdict(each) for each in outcome.faults],
        "projects": [asdict(each) for each in outcome.projects],
        "refused": outcome.submits.refused[:50],
        "torn": outcome.seen.torn[:50],
        "samples": [asdict(each) for each in outcome.gauges.samples],
    }
