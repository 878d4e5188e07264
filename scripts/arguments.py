"""Types of command-line arguments that several commands take."""

import argparse

BACKEND_URL = "http://localhost:9090"


def positive(text: str) -> int:
    """A whole number from 1.

    Raises:
        ArgumentTypeError: below 1; argparse shows its text.
        ValueError: no whole number.
    """
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is below 1")
    return number


def seed(text: str) -> int:
    """A whole number from 0.

    Raises:
        ArgumentTypeError: below 0; argparse shows its text.
        ValueError: no whole number.
    """
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return number


def of_a_project(parser: argparse.ArgumentParser) -> None:
    """Have a command ask for a backend's address and the number of one of its projects."""
    parser.add_argument("--backend", type=_address, default=BACKEND_URL, help="address of the backend (%(default)s)")
    parser.add_argument("--project", type=int, required=True, help="number of the project, as in its address")


def _address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text} is no address; write it as http://{text}")
    return text
