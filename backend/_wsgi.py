"""What `label-studio-ml start backend` runs: the same service, under the same gunicorn, with that command's options."""

import argparse
import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Become the web process; options win over the environment."""
    options = _parser().parse_args()
    environment = os.environ | _settings(options)
    # This script's own folder is what Python would search, and there is no package `backend` in it.
    search_path = [str(CHECKOUT), *filter(None, [environment.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(search_path)
    config = str(CHECKOUT / "backend" / "gunicorn_config.py")
    command = [sys.executable, "-m", "gunicorn", "--config", config, "backend.web.app:create_app()"]
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own service, no shell


def _parser() -> argparse.ArgumentParser:
    """The options that label-studio-ml's servers have."""
    parser = argparse.ArgumentParser(prog="label-studio-ml start backend", description="Label Loop's web process")
    parser.add_argument("-p", "--port", help="port to listen on; default: PORT or 9090")
    parser.add_argument("--host", help="address to listen on; default: HOST, or by whether credentials are set")
    parser.add_argument("--model-dir", help="folder of features and versions; default: MODEL_DIR")
    parser.add_argument("--log-level", choices=["DEBUG", "INFO", "WARNING", "ERROR"], help="default: LOG_LEVEL or INFO")
    parser.add_argument("-d", "--debug", action="store_true", help="the same as --log-level DEBUG")
    parser.add_argument(
        "--kwargs", "--with", nargs="+", default=[], metavar="NAME=VALUE", type=_setting, help="any other settings"
    )
    parser.add_argument("--check", action="store_true", help="settings are always checked; accepted for old commands")
    return parser


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name.upper(), value


def _settings(options: argparse.Namespace) -> dict[str, str]:
    level = "DEBUG" if options.debug else options.log_level
    named = {"PORT": options.port, "HOST": options.host, "MODEL_DIR": options.model_dir, "LOG_LEVEL": level}
    return dict(options.kwargs) | {name: value for name, value in named.items() if value is not None}


if __name__ == "__main__":
    main()
