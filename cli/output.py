"""Writing to stdout: the same bytes everywhere when piped, colours and the terminal's width for a person."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from cli.errors import BROKEN_PIPE, InputError

WIDTH = 100
"""Columns of piped output; COLUMNS does not change it, so that two runs can be compared."""
_ENDLESS = 1000
NARROWEST = 60
"""Below this tables become unreadable; a narrower terminal wraps instead."""


class Command(Text):
    """A line to copy: only the terminal itself may break it, since an end of line would end the command."""


@dataclass(frozen=True)
class Whole:
    """A table for a person or for grep: it fits a terminal, and is as wide as it has to be when piped."""

    table: RenderableType

    def __rich__(self) -> RenderableType:
        return self.table


def prepare() -> None:
    """UTF-8 whatever the locale says; a terminal that cannot show a character shows a question mark.

    What is written to a stream that the caller has closed goes nowhere, and nobody has to ask.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, io.StringIO())
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if stream.isatty():
            stream.reconfigure(errors="replace")
        else:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def width() -> int:
    """Columns that there are on stdout."""
    return max(NARROWEST, shutil.get_terminal_size().columns) if sys.stdout.isatty() else WIDTH


def show(*renderables: RenderableType) -> None:
    """Print rich renderables; without colours or escape codes when stdout is not a terminal."""
    terminal = sys.stdout.isatty()
    buffer = io.StringIO()
    console = _console(buffer, width(), terminal=terminal)
    for renderable in renderables:
        if isinstance(renderable, Command):
            console.print(renderable, soft_wrap=True)
        elif isinstance(renderable, Whole):
            whole = console if terminal else _console(buffer, _ENDLESS, terminal=False)
            whole.print(renderable.table)
        else:
            console.print(renderable)
    text = buffer.getvalue()
    _write(text if terminal else "".join(f"{line.rstrip()}\n" for line in text.splitlines()))


def _console(file: io.StringIO, columns: int, *, terminal: bool) -> Console:
    return Console(
        file=file,
        width=columns,
        height=100,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def show_json(data: object) -> None:
    """Print ``data`` as JSON in its own order: ASCII, so that no locale can change a byte."""
    show_text(json.dumps(data, indent=2, allow_nan=False))


def show_text(text: str) -> None:
    """Print text as it is, with one line end behind it."""
    _write(text.rstrip("\n") + "\n")


def working(message: str) -> AbstractContextManager[object]:
    """A sign of life on stderr while something takes seconds; nothing when nobody watches."""
    if not sys.stderr.isatty():
        return nullcontext()
    return Console(stderr=True, highlight=False).status(message)


def _write(text: str) -> None:
    """Write and flush at once.

    Raises:
        typer.Exit: the reader has gone; that is its right and no error worth a message.
        InputError: the output cannot be written, e.g. because the disk is full.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_rest()
        raise typer.Exit(BROKEN_PIPE) from None
    except OSError as error:
        raise unwritable(error) from None


def unwritable(error: OSError) -> InputError:
    """The refusal of an output that cannot be written."""
    discard_rest()
    return InputError("output", "stdout", f"cannot be written: {error.strerror}", "Write it elsewhere.")


def discard_rest() -> None:
    """What is still buffered goes nowhere, or the interpreter would fail on it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
