"""What a stack takes of the provider's quotas: now, at its maximum, and what has to be asked for first.

Each cloud counts its own (``sizing/clouds/<cloud>/quotas.py``) and has the quotas' codes and defaults, with
sources, in its catalogue. A default is that of a new account or project; one that nobody publishes is
unknown, never guessed. Counts are this stack's alone: what else runs in the account comes on top.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sizing.specs import Spec, Workload
from sizing.tables import optional_float, rows

Amount = int | float


class Increase(StrEnum):
    """When a raise has to be asked for. Rolling updates count as part of the maximum."""

    FIRST_UP = "before the first up"
    MAXIMUM = "before the maximum"
    NONE = "no"
    UNKNOWN = "check yours"


class QuotaNeed(Spec):
    """One quota and what the stack takes of it, in ``unit``.

    ``now`` is what the first ``up`` makes, ``most`` what autoscaling and growing disks may reach, ``update``
    what a rolling update of every node group at once adds to it. ``default`` None is unknown. A code
    in small letters is a limit without a quota, such as a subnet's. ``verified`` False: code or default come
    from no page that could be read. ``why`` names the parts that need it.
    """

    code: str
    name: str
    service: str
    scope: str
    unit: str
    now: Amount
    most: Amount
    update: Amount
    default: Amount | None
    increase: Increase
    ask_first: bool | None
    why: str
    verified: bool
    source: str


@dataclass(frozen=True)
class Usage:
    """What a cloud counts for one quota's code; figures as in ``QuotaNeed``.

    ``limit`` is that of what the stack itself makes, such as a subnet: no account has a default of it.
    """

    code: str
    now: Amount
    most: Amount
    why: str
    update: Amount = 0
    limit: Amount | None = None


def increase(now: Amount, most: Amount, default: Amount | None) -> Increase:
    """When a raise is needed for these amounts."""
    if default is None:
        return Increase.UNKNOWN
    if now > default:
        return Increase.FIRST_UP
    return Increase.MAXIMUM if most > default else Increase.NONE


def needs(package: str, usages: Iterable[Usage]) -> tuple[QuotaNeed, ...]:
    """The usages with what ``package``'s catalogue says of them, in its order; zeros are left out.

    Raises:
        KeyError: a code that the catalogue does not have (a defect).
    """
    known = {row["code"]: row for row in rows(package, "quotas")}
    found = {usage.code: usage for usage in usages if usage.most}
    missing = found.keys() - known.keys()
    if missing:
        raise KeyError(f"no quota {', '.join(sorted(missing))} in the catalogue of {package}")
    return tuple(_need(row, found[code]) for code, row in known.items() if code in found)


def _need(row: Mapping[str, str], usage: Usage) -> QuotaNeed:
    default = optional_float(row["default"]) if usage.limit is None else float(usage.limit)
    when = increase(usage.now, usage.most + usage.update, default)
    return QuotaNeed(
        code=usage.code,
        name=row["name"],
        service=row["service"],
        scope=row["scope"],
        unit=row["unit"],
        now=usage.now,
        most=usage.most,
        update=usage.update,
        default=default if default is None or not default.is_integer() else int(default),
        increase=when,
        ask_first=None if when is Increase.UNKNOWN else when is Increase.FIRST_UP,
        why=usage.why,
        verified=row["verified"] == "yes",
        source=row["source"],
    )


def volumes_gib(workloads: Iterable[Workload], *, at_maximum: bool) -> int:
    """GiB of the pods' persistent volumes."""
    return sum(
        volume.size_gib * (workload.most_replicas if at_maximum else workload.replicas)
        for workload in workloads
        for volume in workload.volumes
    )
