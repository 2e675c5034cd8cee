"""What ``gateway diff`` compares: a saved preview, a stack, or a stack in a git revision."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from cli import options, output
from cli.errors import InputError
from cli.preview import graph_of
from cli.revision import preview_at
from infra.files import exists, unusable
from infra.graph import Graph, GraphError
from infra.graph.reader import REMEDY


@dataclass(frozen=True)
class Place:
    """Where the command line puts stacks, other than their files say; None leaves it to them."""

    cloud: str | None = None
    region: str | None = None


def read_operand(operand: str, project: Path, place: Place, named: str | None = None) -> Graph:
    """The graph that ``operand`` stands for: a file if there is one of that name, else as it is written.

    ``place`` moves a stack or a revision's stack; a saved preview stays what it is. ``named`` previews a
    stack or a revision's stack under another one's name, as if that one had its settings.

    Raises:
        SizingError: there is no such thing, or it cannot be previewed.
    """
    path = Path(operand)
    if operand and exists(path, "preview"):
        return _saved(path)
    if ":" in operand:
        revision, _, stack = operand.rpartition(":")
        with output.working(f"previewing {stack} as of {revision} ..."):
            wanted = [f"--{name}={value}" for name, value in asdict(place).items() if value is not None]
            names = [options.checked_stack(name) for name in (stack, named or stack)]
            text = preview_at(revision, names[0], options.checked_project(project), wanted, names[1])
        return _parsed(operand, text)
    if path.name != operand or path.suffix == ".json":
        raise InputError("preview", operand, "there is no such file", f"{REMEDY[:1].upper()}{REMEDY[1:]}.")
    return graph_of(project, operand, place.cloud, place.region, named)


def _saved(path: Path) -> Graph:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(
            "preview", str(path), "cannot be read: not UTF-8 text", "Name a saved preview."
        ) from None
    except OSError as error:
        raise unusable("preview", path, error) from None
    return _parsed(str(path), text)


def _parsed(operand: str, text: str) -> Graph:
    try:
        return Graph.from_json(text)
    except GraphError as error:
        reason = str(error).removesuffix(f": {REMEDY}")
        raise InputError("preview", operand, reason, f"{REMEDY[:1].upper()}{REMEDY[1:]}.") from None
