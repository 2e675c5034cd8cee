"""``gateway diff``: what changes between two previews, in the guide's terms first, then by resource."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli import options, output
from cli.comparison import compare
from cli.errors import InputError
from cli.markdown import document
from cli.operands import Place, read_operand
from cli.violations import as_json as violations_json
from cli.violations import compare_violations
from infra.graph import diff as compare_resources

_Base = Annotated[
    str,
    typer.Argument(
        metavar="BASE",
        help="What runs: a stack, REVISION:STACK, or a file saved by `gateway preview STACK --json`.",
        autocompletion=options.complete_operand,
        show_default=False,
    ),
]
_Head = Annotated[
    str,
    typer.Argument(
        metavar="HEAD",
        help="What is wanted, in any of the same forms.",
        autocompletion=options.complete_operand,
        show_default=False,
    ),
]
_Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown; this is the default.")]


def diff(
    base: _Base,
    head: _Head,
    cloud: options.CloudName = None,
    region: options.Region = None,
    project: options.Project = Path(),
    markdown: _Markdown = False,
    as_json: options.Json = False,
) -> None:
    """What changes from BASE to HEAD: sizing figures, findings, whether it fits, policies, and resources.

    Two stacks are compared as one that keeps BASE's name and gets HEAD's settings. Resources are created,
    updated, replaced or deleted by the providers' own rules; those whose data would be lost come first, in
    bold. REVISION:STACK runs that git revision's own program on its own stack file. --cloud and --region move
    stacks and revisions; a saved preview stays what it is.
    """
    if markdown and as_json:
        raise InputError("--markdown", None, "does nothing together with --json", "Choose one of them.")
    place = Place(cloud, region)
    old = read_operand(base, project, place)
    new = read_operand(head, project, place, named=old.stack)
    sizing, resources = compare(old, new), compare_resources(old, new)
    violations = compare_violations(old, new)
    if not as_json:
        output.show_text(document(base, head, sizing, resources, violations))
        return
    output.show_json(
        {
            "base": base,
            "head": head,
            "sizing": [asdict(change) for change in sizing.figures],
            "findings": {"appeared": list(sizing.appeared), "disappeared": list(sizing.disappeared)},
            "fit": dict(zip(("base", "head"), sizing.fit, strict=True)),
            "policy": violations_json(violations),
            "resources": json.loads(resources.to_json()),
        }
    )
