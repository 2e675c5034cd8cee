"""A Pulumi program's resources without engine, cloud, credentials or network.

``capture`` runs the program on Pulumi's own mock runtime with a monitor that follows the engine's rules and
returns the graph. The result depends on the program and its configuration alone: not on clock, random
numbers, hash seed, time zone or locale. Importing this package loads neither Pulumi nor a provider's SDK.
"""

from __future__ import annotations

import contextvars
import json
import warnings
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, cast

from infra.offline.errors import OfflineError

if TYPE_CHECKING:
    from infra.graph import Graph
    from infra.offline.invokes import Answer

__all__ = ["OfflineError", "capture"]

DENY_KEY: Final = "pulumi:disable-default-providers"
TIMEOUT_S: Final = 120.0
"""Seconds after which a program counts as hung; the largest stack takes a few, on a busy machine some more.
"""


def capture(
    program: Callable[[], Awaitable[None] | None],
    *,
    project: str,
    stack: str,
    config: Mapping[str, object] | None = None,
    secret_keys: Collection[str] = (),
    preview: bool = True,
    answers: Mapping[str, Answer] | None = None,
    timeout: float = TIMEOUT_S,
) -> Graph:
    """Run ``program`` and return its resources, options, outputs and warnings.

    Args:
        program: what ``__main__.py`` would do; called once, in a thread of its own. May be a coroutine
            function.
        config: the stack's configuration; a key without namespace belongs to the project, a value that is no
            text is written as JSON, as in a stack file. ``pulumi:disable-default-providers`` is honoured.
        secret_keys: keys of ``config`` (written as there) whose values are secret.
        preview: True gives what ``pulumi preview`` of a new stack would show: what only a deployment can tell
            is unknown, and ``apply`` on it does not run. False makes such values up and runs every ``apply``;
            its only use is to find resources that are created there, which a preview does not show.
        answers: further results of provider functions by token; by default there are next to none.
        timeout: seconds until the program counts as hung.

    Raises:
        OfflineError: what the engine would refuse (a duplicate URN, a default provider that is disabled,
        ...), all
            faults in one message; an unanswered provider function; a program that does not end.
        Exception: whatever the program itself raises.
    """
    # Before the context is copied: the SDK's settings are context variables, set by its import.
    from infra.offline.invokes import ANSWERS
    from infra.offline.ledger import Frame
    from infra.offline.run import run

    settings = {_key(project, key): _text(value) for key, value in (config or {}).items()}
    frame = Frame(project, stack, preview, _denied(settings), {**ANSWERS, **(answers or {})})
    secrets = sorted(_key(project, key) for key in secret_keys)
    context = contextvars.copy_context()
    with warnings.catch_warnings(), ThreadPoolExecutor(1, thread_name_prefix="capture") as pool:
        # Provider SDKs warn of every deprecated module when it is loaded, used or not; what the program does
        # use of them is logged as well, and kept in the graph's warnings.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"pulumi_\w+(\.|$)")
        return pool.submit(context.run, run, program, frame, settings, secrets, timeout).result()


def _key(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _denied(config: Mapping[str, str]) -> frozenset[str]:
    """Packages without a default provider.

    Raises:
        OfflineError: the setting is no list of texts.
    """
    text = config.get(DENY_KEY, "")
    try:
        packages: object = json.loads(text) if text else []
    except ValueError:
        packages = None
    if not isinstance(packages, list) or not all(
        isinstance(item, str) for item in cast(list[object], packages)
    ):
        raise OfflineError(f'{DENY_KEY} is {text!r}: write a list of packages, e.g. ["aws", "kubernetes"]')
    return frozenset(item.strip() for item in cast(list[str], packages))
