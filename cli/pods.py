"""The pods that a Helm release asks for, read back from its values: replicas, cpu, memory, disks.

Works on any chart's values: wherever a ``resources`` block stands, a container is meant, and the nearest
object around it that names replicas says how many. Containers of which only the chart's defaults know are
not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import JsonValue

from infra.graph.data_bearing import CLAIM_KEYS

Values = Mapping[str, JsonValue]

_AUTOSCALERS: Final = ("hpa", "autoscaling")
_COUNTS: Final = ("replicaCount", "replicas", "count")
_AROUND: Final = ("ha", "controller")
"""Objects beside the containers in which charts keep the number of replicas."""
_GPU: Final = "nvidia.com/gpu"


@dataclass(frozen=True)
class Pod:
    """One container of a release. Texts as the values have them; "" is not set.

    ``cpu``, ``memory``: request, and " / limit" where one differs. ``replicas`` "" is up to the chart, as
    for a DaemonSet; a ``name`` with "+" is a further container in the pods of the one before.
    """

    name: str
    replicas: str
    cpu: str
    memory: str
    gpu: str
    disks: str


def pods(values: Values, name: str) -> list[Pod]:
    """Containers in the order of the values; ``name`` is for those at the top, usually the release's."""
    found: list[Pod] = []
    counted: set[int] = set()
    for label, block, around in _containers(values, name, ()):
        owner = next((outer for outer in around if _replicas(outer)), around[0])
        first = id(owner) not in counted
        counted.add(id(owner))
        pod = _pod(label, block, owner)
        found.append(pod if first else replace(pod, name=f"+ {label}", replicas="", disks=""))
    return found


def _pod(label: str, block: Values, owner: Values) -> Pod:
    requests, limits = _object(block.get("requests")), _object(block.get("limits"))
    return Pod(
        label,
        _replicas(owner),
        _pair(requests.get("cpu"), limits.get("cpu")),
        _pair(requests.get("memory"), limits.get("memory")),
        _pair(requests.get(_GPU), limits.get(_GPU)),
        " + ".join(_disks(owner)),
    )


def _containers(
    values: Values, name: str, around: tuple[Values, ...]
) -> Iterator[tuple[str, Values, tuple[Values, ...]]]:
    """Label, resources and the objects around each container, nearest first."""
    here = (values, *around)
    resources = _object(values.get("resources"))
    if _is_block(resources):
        yield name, resources, here
    else:
        for key, block in resources.items():
            if _is_block(_object(block)):
                yield key, _object(block), (_object(_namesake(values, key)), *here)
    for key, value in values.items():
        if key == "resources" or key in CLAIM_KEYS:
            continue
        for label, item in _members(key, value):
            yield from _containers(item, label, here)


def _namesake(values: Values, key: str) -> JsonValue:
    """The object that goes with a named resources block; KEDA says metricServer and metricsServer."""
    found = values.get(key)
    plural = values.get(f"{key.removesuffix('Server')}sServer") if key.endswith("Server") else None
    return plural if found is None else found


def _members(key: str, value: JsonValue) -> Iterator[tuple[str, Values]]:
    if isinstance(value, dict):
        yield key.removesuffix("Spec"), value
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                name = item.get("name")
                yield (name if isinstance(name, str) else key), item


def _is_block(value: Values) -> bool:
    return any(
        "cpu" in part or "memory" in part
        for part in map(_object, (value.get("requests"), value.get("limits")))
    )


def _replicas(values: Values) -> str:
    for key in _AUTOSCALERS:
        scaler = _object(values.get(key))
        if scaler.get("enabled") is True and "minReplicas" in scaler and "maxReplicas" in scaler:
            return f"{scaler['minReplicas']} to {scaler['maxReplicas']}"
    for part in (values, *(_object(values.get(key)) for key in _AROUND)):
        for key in _COUNTS:
            count = part.get(key)
            if isinstance(count, int) and not isinstance(count, bool):
                return str(count)
    return ""


def _disks(values: Values) -> Iterator[str]:
    for key, value in values.items():
        if key in CLAIM_KEYS or key == "storage":
            yield from _sizes(value)


def _sizes(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("enabled") is False:
            return
        for key, item in value.items():
            if key in ("size", "storage") and isinstance(item, str):
                yield item
            else:
                yield from _sizes(item)
    elif isinstance(value, list):
        for item in value:
            yield from _sizes(item)


def _pair(request: JsonValue, limit: JsonValue) -> str:
    texts: Sequence[str] = [str(value) for value in (request, limit) if value is not None]
    return " / ".join(dict.fromkeys(texts))


def _object(value: JsonValue) -> Values:
    return value if isinstance(value, dict) else {}
