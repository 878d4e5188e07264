"""Types of command-line arguments that several commands take."""

import argparse


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
