"""Demo: start everything, make the project, annotate or keep running, stop everything."""

import os
import signal
import sys

from scripts.cli.commands import ExitCode
from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import ApiError
from scripts.demo_app import report
from scripts.demo_app.errors import DemoError
from scripts.demo_app.home import DemoHome, DemoState
from scripts.demo_app.options import DemoOptions
from scripts.demo_app.project import DemoProject, connect, open_project
from scripts.demo_app.session import Addresses, run
from scripts.lab.datasets import DataError
from scripts.stack.backend import BackendServer, trainer_spec, web_spec, worker_spec
from scripts.stack.label_studio import LabelStudioServer, install, is_installed, label_studio_spec
from scripts.stack.ports import choose_port
from scripts.stack.processes import Supervisor
from scripts.stack.redis import redis_spec
from scripts.stack.surroundings import inherited

USERNAME = "demo@example.com"
BACKEND_USER = "label-studio"
PREFERRED_PORTS = {"Label Studio": 8080, "backend": 9090, "Redis": 6389}


def run_demo(options: DemoOptions) -> int:
    """Run the demo.

    Returns:
        0, 1 where the simulated annotator found that the loop did not run, 130 after Ctrl-C.

    Raises:
        DemoError: it can't go on.
        StackError: a process can't be started.
    """
    # Requests of libraries to our own servers must pass by a proxy too.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = inherited()["NO_PROXY"]
    # SIGINT, too: a shell has commands that it starts in the background ignore it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    home = DemoHome(options.home.expanduser().resolve())
    try:
        with home.locked():
            if options.reset:
                home.reset()
            return _run(home, options)
    except (DataError, ApiError) as problem:
        raise DemoError(str(problem)) from problem
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


def _run(home: DemoHome, options: DemoOptions) -> int:
    state = home.load()
    state.ports = _ports(state)
    home.save(state)
    if not is_installed(home.label_studio_environment):
        print("Installing Label Studio (once, about a minute) …", flush=True)
        install(home.label_studio_environment)
    label_studio, backend = _servers(home, state, options)
    supervisor = Supervisor(announce=lambda line: print(f"\n{line}", flush=True))
    try:
        print("Starting Redis, Label Studio, the backend and its worker …", flush=True)
        supervisor.start(redis_spec(state.ports["Redis"], home.redis, home.logs / "redis.log"))
        supervisor.start(
            web_spec(backend, home.logs / "backend.log"),
            worker_spec(backend, home.logs / "worker.log"),
            label_studio_spec(label_studio, home.label_studio_environment, home.logs / "label-studio.log"),
        )
        if options.finetune is not None:
            supervisor.start(trainer_spec(backend, home.logs / "trainer.log"))
        supervisor.watch()
        demo = open_project(home, state, options, label_studio.url)
        address = BackendAddress(backend.url, backend.basic_auth, backend.webhook_secret)
        connect(home, state, demo.project, label_studio.url, address, options.order)
        _print_summary(home, state, demo, label_studio, backend)
        if options.auto is not None:
            return _annotate(options, options.auto, demo, label_studio, backend)
        return _keep_running()
    finally:
        # A second Ctrl-C must not leave half of them running.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        print("\nStopping …", flush=True)
        supervisor.stop()


def _ports(state: DemoState) -> dict[str, int]:
    """The ports of the last run, or the preferred ones, or where they are taken, others, which are named."""
    chosen: dict[str, int] = {}
    for name, preferred in PREFERRED_PORTS.items():
        wanted = state.ports.get(name, preferred)
        chosen[name] = choose_port(wanted, avoid=chosen.values())
        if chosen[name] != wanted:
            print(f"Port {wanted} is taken; {name} uses {chosen[name]}.")
    return chosen


def _servers(home: DemoHome, state: DemoState, options: DemoOptions) -> tuple[LabelStudioServer, BackendServer]:
    label_studio = LabelStudioServer(
        port=state.ports["Label Studio"],
        data=home.label_studio,
        documents=home.documents,
        username=USERNAME,
        password=state.password,
        token=state.token,
    )
    backend = BackendServer(
        port=state.ports["backend"],
        folder=home.backend,
        label_studio_url=label_studio.url,
        label_studio_token=state.token,
        documents=home.documents,
        redis_port=state.ports["Redis"],
        basic_auth=(BACKEND_USER, state.backend_password),
        webhook_secret=state.webhook_secret,
        more={"SEED": str(options.seed)},
    )
    return label_studio, backend


def _print_summary(
    home: DemoHome, state: DemoState, demo: DemoProject, label_studio: LabelStudioServer, backend: BackendServer
) -> None:
    print(
        f"""
  Label Studio   {label_studio.url}/projects/{demo.project}/data
  log in as      {USERNAME}
  password       {state.password}
  backend        {backend.url}/health
  images         {len(demo.truth)} of {len(demo.classes)} classes
  logs           {home.logs}
""",
        flush=True,
    )


def _annotate(
    options: DemoOptions, count: int, demo: DemoProject, label_studio: LabelStudioServer, backend: BackendServer
) -> int:
    token, basic_auth = label_studio.token, backend.basic_auth or ("", "")
    seen = run(demo, Addresses(label_studio.url, token, backend.url, basic_auth), count, options.pace, options.finetune)
    content = report.as_json(seen)
    for table in report.tables(content):
        print()
        table.show()
    print()
    if options.report is not None:
        report.write(content, options.report)
        print(f"Report: {options.report}")
    problems = report.failures(seen)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _keep_running() -> int:
    print("Press Label All Tasks on the project's page and label. Ctrl-C stops everything.", flush=True)
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        return 0
