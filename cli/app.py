"""The ``gateway`` command: puts the commands together, turns what goes wrong into one message."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from cli import INTERRUPTED, errors, output
from cli.alerts import alerts
from cli.diff import diff
from cli.findings import findings
from cli.fit import fit
from cli.preview import preview
from cli.quotas import quotas
from cli.size import size
from cli.upgrade import upgrade
from cli.version import version


@dataclass
class State:
    """What holds for any command."""

    debug: bool = False


_EPILOG = """\
[bold]First steps[/]
  gateway size small             what a tier needs, and what is ordered
  gateway fit small              whether every pod finds a node, also with a zone lost
  gateway preview small          every resource that `pulumi up` would create
  gateway findings small         where and why it differs from the guide
  gateway quotas small           what to ask the provider for before the first `up`
  gateway alerts small           what is watched, and from which figure on
  gateway diff small medium      what differs between two stacks
  gateway upgrade small medium   the steps from one to the other, and what they interrupt

[bold]Exit status[/]
  0  fine
  1  the answer is no
  2  wrong usage or configuration: one message with value, limit and remedy
  70 a defect of gateway itself"""

app = typer.Typer(
    name="gateway",
    add_completion=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        output.show_text(f"gateway {version()}")
        raise typer.Exit


@app.callback(invoke_without_command=True, epilog=_EPILOG)
def gateway(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Size, preview and compare AI gateway platforms, from the sizing guide to every cloud resource.

    A stack is a file Pulumi.STACK.yaml in the project: a tier, a cloud, a region, and whatever it overrides.
    Nothing here needs a cloud account or changes anything.
    """
    context.ensure_object(State).debug = debug
    if context.invoked_subcommand is None:
        names = ", ".join(command.name or "" for command in app.registered_commands)
        raise errors.InputError(
            "command", None, "no command given", f"Use one of: {names}. See `gateway --help`."
        )


def _add(command: Callable[..., None], *examples: tuple[str, str]) -> None:
    width = max(len(example) for example, _ in examples)
    lines = [f"  [bold]{example.ljust(width)}[/]  [dim]{meaning}[/]" for example, meaning in examples]
    app.command(name=command.__name__, help=_paragraphs(command), epilog="\n".join(["Examples:", *lines]))(
        command
    )


def _paragraphs(command: Callable[..., None]) -> str:
    """The docstring with a line per paragraph: the terminal decides where lines break."""
    return "\n\n".join(" ".join(part.split()) for part in (command.__doc__ or "").split("\n\n"))


_add(
    size,
    ("gateway size large", "the guide's tables, and what is ordered"),
    ("gateway size large --region eu-west-1", "the same elsewhere"),
    ("gateway size mine --json | jq .order", "what is bought, for a script"),
)
_add(
    fit,
    ("gateway fit large", "four cases, how few nodes would do, GPU memory, connections"),
    ("gateway fit large --pods", "and what each pod requests"),
    ("gateway fit mine --json | jq .remedies", "the smallest change that helps, for a script"),
)
_add(
    preview,
    ("gateway preview large", "the tree, totals and findings"),
    ("gateway preview large --all", "a line for each resource"),
    ("gateway preview large --json --out base.json", "save it, to compare with later"),
)
_add(
    findings,
    ("gateway findings large", "all of them, by kind"),
    ("gateway findings large --kind risk", "only what may hurt"),
    ("gateway findings large --json | jq '.findings[].path'", "for a script"),
)
_add(
    quotas,
    ("gateway quotas large", "what it takes of each quota, and what to ask for"),
    ("gateway quotas large --cloud gcp", "the same on Google Cloud"),
    ("gateway quotas large --json | jq .summary.first_up", "codes to raise first, for a script"),
)
_add(
    alerts,
    ("gateway alerts large", "what is watched, and from which figure on"),
    ("gateway alerts large --rules > rules.yml", "the rule file, for promtool"),
    ("gateway alerts large --json | jq '.alerts[].name'", "for a script"),
)
_add(
    diff,
    ("gateway diff medium large", "what differs between two sizes"),
    ("gateway diff origin/main:large large", "what a branch changes"),
    ("gateway diff base.json large --json", "a saved preview against today's, for a script"),
)
_add(
    upgrade,
    ("gateway upgrade medium large", "steps, interruptions, every resource in order"),
    ("gateway upgrade saved.json large", "from what a saved preview shows"),
    ("gateway upgrade large medium --json | jq .refusals", "why data would be lost, for a script"),
)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    output.prepare()
    state = State()
    try:
        result = typer.main.get_command(app).main(
            args=arguments, prog_name="gateway", standalone_mode=False, obj=state
        )
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as left:
        # The framework's own help ends so when its reader has gone.
        if isinstance(left.__context__, BrokenPipeError):
            output.discard_rest()
            return errors.BROKEN_PIPE
        raise
    except OSError as error:
        if error.errno != errno.ENOSPC:
            return errors.report(error, debug=state.debug)
        return errors.report(output.unwritable(error), debug=state.debug)
    except Exception as error:
        return errors.report(error, debug=state.debug)
    return result if isinstance(result, int) else 0
