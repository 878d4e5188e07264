"""What only one module may do."""

import ast
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]
SOURCES = sorted(path for folder in ("backend", "model") for path in (CHECKOUT / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Top-level names of the packages that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def reads_environment(path: Path) -> bool:
    """Whether a module uses `os.environ` or `os.getenv`, or imports them."""
    used = {ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    return bool(used & {"os.environ", "os.getenv"}) or "from os import" in path.read_text()


def who(package: str) -> set[str]:
    return {path.relative_to(CHECKOUT).as_posix() for path in SOURCES if package in imported(path)}


def test_only_the_queue_knows_rq() -> None:
    assert {Path(path).parent.as_posix() for path in who("rq")} == {"backend/queue"}


def test_only_the_settings_read_the_environment() -> None:
    # The launcher hands the environment on to the process that it becomes; MLflow has no other way to be told to report
    # nothing.
    assert [path.name for path in SOURCES if reads_environment(path)] == ["_wsgi.py", "delivery.py"]
    assert who("pydantic_settings") == {"backend/settings.py"}


def test_only_the_delivery_knows_mlflow() -> None:
    assert who("mlflow") == {"backend/tracking/delivery.py"}


def test_requests_are_made_by_one_kind_of_session() -> None:
    # `causes` only reads what these raise and answer.
    importers = {path for path in who("requests") if not path.startswith("backend/causes/")}
    assert importers == {
        "backend/label_studio/client.py",
        "backend/images/download.py",
        "backend/images/fetcher.py",
        "backend/transport/session.py",
    }


def test_the_model_knows_no_network_and_no_database() -> None:
    strangers = {"requests", "redis", "rq", "sqlalchemy", "flask", "lancedb", "label_studio_sdk", "backend", "scripts"}
    assert {path.name: imported(path) & strangers for path in (CHECKOUT / "model").rglob("*.py")} == {
        path.name: set() for path in (CHECKOUT / "model").rglob("*.py")
    }


def test_nothing_is_pickled() -> None:
    picklers = {"pickle", "cloudpickle", "dill", "joblib", "shelve"}
    assert {path.name for path in SOURCES if imported(path) & picklers} == set()
