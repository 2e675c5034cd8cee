"""Arguments and options that commands share, their completion, and the settings they lead to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import InputError
from infra.clouds import CLOUDS
from infra.files import exists
from infra.planning import project_of, relocated
from infra.settings import Settings
from infra.stackfile import read, stacks
from infra.stackname import platform_name
from sizing.names import suggestion

_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
"""Pulumi's rule for the names of stacks (https://www.pulumi.com/docs/iac/concepts/stacks/)."""


def _project_of(context: typer.Context) -> Path:
    values: dict[str, Any] = context.params
    return Path(values.get("project") or ".")


def complete_stack(ctx: typer.Context, incomplete: str) -> list[str]:
    """Stacks of the project whose names begin with what is typed."""
    return [name for name in stacks(_project_of(ctx)) if name.startswith(incomplete)]


def complete_operand(ctx: typer.Context, incomplete: str) -> list[str]:
    """What ``gateway diff`` compares: a stack, ``REVISION:STACK``, or a saved preview."""
    if ":" in incomplete:
        revision = incomplete.partition(":")[0]
        names = [f"{revision}:{name}" for name in stacks(_project_of(ctx))]
    else:
        names = [*stacks(_project_of(ctx)), *sorted(str(path) for path in Path().glob("*.json"))]
    return [name for name in names if name.startswith(incomplete)]


def complete_cloud(incomplete: str) -> list[str]:
    """Clouds whose names begin with what is typed."""
    return [name for name in CLOUDS if name.startswith(incomplete)]


Stack = Annotated[
    str,
    typer.Argument(
        metavar="STACK",
        help="Name of a stack file: Pulumi.STACK.yaml in the project.",
        autocompletion=complete_stack,
        show_default=False,
    ),
]
CloudName = Annotated[
    str | None,
    typer.Option(
        "--cloud",
        metavar="CLOUD",
        help=f"Build on another cloud than the stack file says: {', '.join(CLOUDS)}.",
        autocompletion=complete_cloud,
        show_default=False,
    ),
]
Region = Annotated[
    str | None,
    typer.Option(
        "--region", metavar="REGION", help="Another region than the stack file says.", show_default=False
    ),
]
Project = Annotated[
    Path,
    typer.Option(
        "--project",
        metavar="DIR",
        help="Directory with the stack files.",
        show_default="the current directory",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")]


def checked_stack(stack: str) -> str:
    """``stack`` if it can be a stack's name. Raises InputError."""
    if _STACK_NAME.fullmatch(stack) is None:
        raise InputError(
            "stack", stack, "not the name of a stack: 1 to 100 letters, digits, '-', '_' or '.'",
            "Name a stack, not a file: large stands for Pulumi.large.yaml.",
        )  # fmt: skip
    return stack


def checked_project(project: Path) -> Path:
    """``project`` if it is a directory. Raises InputError."""
    if not exists(project, "--project", Path.is_dir):
        raise InputError(
            "--project", str(project), "not a directory", "Name the directory with the stack files."
        )
    return project


def settings_for(project: Path, stack: str, cloud: str | None = None, region: str | None = None) -> Settings:
    """The stack's settings with the command line's cloud and region.

    Raises:
        SizingError: no such stack, a stack file that cannot be used, an unknown cloud, or a stack whose name
            the cloud's resources cannot have.
    """
    settings = read(checked_project(project), checked_stack(stack))
    if cloud is not None and cloud not in CLOUDS:
        raise InputError("--cloud", cloud, "not a cloud this project builds on", suggestion(cloud, CLOUDS))
    settings = relocated(settings, cloud, region)
    platform_name(stack, settings.cloud, project_of(settings, offline=True))
    return settings
