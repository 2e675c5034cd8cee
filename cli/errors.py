"""Every way a command ends badly, in one place: the message, and the exit status that goes with it."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
import traceback

import typer

from infra.graph.errors import GraphError
from infra.offline.errors import OfflineError
from sizing.errors import SizingError

ANSWER_NO = 1
"""The question was understood, and the answer is no: it does not fit, a policy is violated."""
USAGE = 2
"""Wrong usage or configuration."""
INTERNAL = 70
"""A defect of this program (EX_SOFTWARE of sysexits.h); apart from 1, which is an answer."""
BROKEN_PIPE = 141
"""Whoever read the output left early: 128 + SIGPIPE, as shells report it."""

_LONGEST_VALUE = 200
"""Characters of an offending value that a message quotes."""


class InputError(SizingError):
    """What was asked on the command line cannot be done; the same four facts as every refusal."""


def report(error: Exception, *, debug: bool = False) -> int:
    """Write one message about ``error`` to stderr and return the exit status.

    Args:
        debug: show the traceback too; without it nobody ever sees one.
    """
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    message, status = _explain(error)
    sys.stderr.write(f"{_wrapped(message)}\n")
    return status


def _explain(error: Exception) -> tuple[str, int]:
    if isinstance(error, SizingError):
        return _refusal(error), USAGE
    if isinstance(error, GraphError):
        return f"error: {error}", USAGE
    if isinstance(error, typer.TyperException):
        return _usage(error), USAGE
    if isinstance(error, OfflineError):
        return f"error: the program cannot be previewed: {_flat(str(error))}", INTERNAL
    return (
        f"internal error: {type(error).__name__}: {_flat(str(error))}\n"
        "  remedy  This is a defect of gateway, not of your configuration: run it again with"
        " `gateway --debug ...` and report what it prints.",
        INTERNAL,
    )


def _refusal(error: SizingError) -> str:
    return (
        f"error: {error.path}: {_flat(error.limit)}\n"
        f"  value   {_value(error.value)}\n"
        f"  remedy  {_flat(error.remedy)}"
    )


def _usage(error: typer.TyperException) -> str:
    text = _flat(error.format_message()).rstrip(".")
    text = text.replace("Value error, ", "")  # how the framework's own types begin
    command = getattr(getattr(error, "ctx", None), "command_path", "gateway")
    return f"error: {text[:1].lower()}{text[1:]}\n  remedy  `{command} --help` has the usage and examples."


def _value(value: object) -> str:
    """The value on one line, quoted and escaped as in JSON so that no control character gets through."""
    if value is None:
        return "(not set)"
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _flat(text: str) -> str:
    return " ".join(text.split())


def _wrapped(message: str) -> str:
    """For a person: lines that fit the terminal, indented below their label. Pipes get whole lines."""
    if not sys.stderr.isatty():
        return message
    width = max(40, shutil.get_terminal_size().columns)
    return "\n".join(
        textwrap.fill(line, width, subsequent_indent=" " * 10, break_long_words=False, break_on_hyphens=False)
        for line in message.splitlines()
    )
