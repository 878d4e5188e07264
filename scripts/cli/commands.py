"""How a command is declared and run: its options, its exit codes, and what is said where it fails."""

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import MISSING, Field, dataclass, fields
from enum import IntEnum
from functools import wraps
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import typer
from typer.core import TyperGroup
from typer.main import get_command
from typer.models import ParameterInfo

LAUNCHER = "LABEL_LOOP_LAUNCHER"
"""Environment variable in which a launcher of `scripts/` says how it was called; its children don't see it."""

COMPLETION = "_LABEL_LOOP_COMPLETE"
"""Environment variable by which a shell asks for completions, of every command."""

T = TypeVar("T")


class ExitCode(IntEnum):
    """How a command ends."""

    OK = 0
    PROBLEM = 1
    USAGE = 2
    INTERRUPTED = 130


class CommandError(Exception):
    """A command can't do what it was asked; its text is a sentence for a person.

    Attributes:
        exit_code: with which the command ends.
    """

    exit_code = ExitCode.PROBLEM


class UsageError(CommandError):
    """The command line asks for what can't be."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True)
class CommaSeparated:
    """Marks a field that holds a tuple, each value once, and is given as one word: `--seeds 0,1`.

    It stands beside the option: `seeds: Annotated[tuple[int, ...], typer.Option(…), CommaSeparated(int)] = (0, 1)`.

    Attributes:
        convert: makes a value of the text between two commas; raises ValueError with a sentence for a person.
    """

    convert: Callable[[str], Any] = str

    def split(self, text: str) -> tuple[Any, ...]:
        """The values that a text names.

        Raises:
            typer.BadParameter: one is empty, or can't be converted.
        """
        words = [word.strip() for word in text.split(",")]
        if not all(words):
            raise typer.BadParameter(f"{text!r} holds an empty name")
        try:
            return tuple(dict.fromkeys(self.convert(word) for word in words))
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error


def new_app(description: str, *, completion: bool = False) -> typer.Typer:
    """An application for the commands of one package.

    Args:
        description: first line of its help.
        completion: whether it is an executable that completion can be installed for.
    """
    return typer.Typer(
        help=description,
        add_completion=completion,
        # Boxes and colours for a person, plain lines for a file or another program.
        rich_markup_mode="markdown" if sys.stdout.isatty() else None,
    )


def takes_options(function: Callable[[T], int | None]) -> Callable[..., int | None]:
    """Turn a function of one dataclass into a command with an option for each of its fields.

    Args:
        function: whose only parameter is annotated with a dataclass. Each field is `Annotated` with a `typer.Option` or
            `typer.Argument`; its default is the option's.
    """
    (options,) = [hint for name, hint in get_type_hints(function).items() if name != "return"]
    hints = get_type_hints(options, include_extras=True)

    @wraps(function)
    def command(**given: Any) -> int | None:
        return function(options(**given))

    parameters = [_parameter(field, hints[field.name]) for field in fields(options) if field.init]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def run(app: typer.Typer, prog: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command that a command line names; what goes wrong is one line on standard error.

    Args:
        app: that has the command.
        prog: how the application is called in its help, unless a launcher started it.
        arguments: of the command line; those of this process without them.

    Returns:
        The exit code.

    Raises:
        SystemExit: the settings are wrong, or a shell asked for completions, which are printed.
    """
    command = get_command(app)
    given = list(sys.argv[1:] if arguments is None else arguments)
    launcher = os.environ.pop(LAUNCHER, "")
    if launcher:
        prog = launcher
        if isinstance(command, TyperGroup):
            command = command.commands[given.pop(0)]
    elif isinstance(command, TyperGroup):
        given = given or ["--help"]
    try:
        status = command.main(given, prog_name=prog, complete_var=COMPLETION, standalone_mode=False)
    except CommandError as error:
        complain(str(error))
        return error.exit_code
    except typer.TyperException as error:
        complain(_sentence(error, prog))
        return error.exit_code
    return int(status or ExitCode.OK)


def complain(sentence: str) -> None:
    """Say on standard error what is wrong."""
    print(f"error: {sentence}", file=sys.stderr)


def _parameter(field: "Field[Any]", hint: Any) -> inspect.Parameter:
    """What typer reads of a field: its default, and the type and option in its annotation."""
    default: Any = inspect.Parameter.empty if field.default is MISSING else field.default
    if field.default_factory is not MISSING:
        default = field.default_factory()
    for mark in get_args(hint)[1:]:
        if isinstance(mark, CommaSeparated):
            option = next(copy(each) for each in get_args(hint) if isinstance(each, ParameterInfo))
            option.callback = mark.split
            hint = Annotated[str, option]
            default = ",".join(str(value) for value in default)
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def _sentence(error: typer.TyperException, prog: str) -> str:
    """What a wrong command line is told, and where it can read more."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else prog
    # The prefix is pydantic's, and says nothing to a person.
    said = error.format_message().replace("Value error, ", "").rstrip(".")
    return f"{said}. See {path} --help."
