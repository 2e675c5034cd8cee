"""One contract for every cloud: the same roles, the same component names, every specification field used."""

from __future__ import annotations

import ast
import importlib
import inspect
import tomllib
from pathlib import Path

import pytest

from components.base import Component
from components.platform import CloudPlatform
from infra import clouds
from sizing import specs
from sizing.clouds.base import Cloud
from tests.harness import CASES, ROOT, captured, plan

EVERY_CLOUD = pytest.mark.parametrize("cloud", tuple(clouds.CLOUDS))
ROOMS = (
    "network",
    "keys",
    "storage",
    "secrets",
    "identity",
    "cluster",
    "nodes",
    "postgres",
    "redis",
    "bindings",
    "dns",
)
COMPONENTS = (
    "Network",
    "Keys",
    "Storage",
    "Secrets",
    "Identity",
    "Cluster",
    "Postgres",
    "Redis",
    "Dns",
    "Platform",
)
SHARED = ("base.py", "platform.py", "bindings.py", "generated.py")
INFRASTRUCTURE = (
    specs.NetworkSpec,
    specs.NodeGroupSpec,
    specs.ClusterSpec,
    specs.PostgresSpec,
    specs.RedisSpec,
    specs.BucketSpec,
    specs.KeySpec,
    specs.SecretSpec,
    specs.DnsSpec,
    specs.Identity,
)
NOT_APPLICABLE = tomllib.loads(
    (ROOT / "tests" / "contracts" / "spec_fields.toml").read_text(encoding="utf-8")
)


def _members(protocol: type) -> set[str]:
    return {name for name in (*vars(protocol), *protocol.__annotations__) if not name.startswith("_")}


def _attributes_read(cloud: str) -> set[str]:
    """Names of attributes that the cloud's components, or the code they share, read."""
    own = sorted((ROOT / "components" / cloud).glob("*.py"))
    files = [*own, *(ROOT / "components" / name for name in SHARED)]
    trees = (ast.parse(Path(file).read_text(encoding="utf-8")) for file in files)
    return {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@EVERY_CLOUD
def test_the_model_side_has_every_member(cloud: str) -> None:
    model = clouds.model(cloud)
    assert {name for name in _members(Cloud) if not hasattr(model, name)} == set()
    assert model.name == cloud


@EVERY_CLOUD
def test_the_component_side_has_every_member(cloud: str) -> None:
    source = inspect.getsource(clouds.platform(cloud))
    assert {name for name in _members(CloudPlatform) if f"self.{name}" not in source} == set()


@EVERY_CLOUD
def test_every_cloud_has_the_same_rooms(cloud: str) -> None:
    for room in ROOMS:
        importlib.import_module(f"components.{cloud}.{room}")


@EVERY_CLOUD
def test_every_cloud_has_the_same_components(cloud: str) -> None:
    clouds.platform(cloud)
    found = {c.TYPE for c in Component.__subclasses__()}
    assert {f"ai-gateway:{cloud}:{name}" for name in COMPONENTS} <= found


@EVERY_CLOUD
def test_every_specification_field_is_read_or_listed_with_a_reason(cloud: str) -> None:
    read, listed = _attributes_read(cloud), NOT_APPLICABLE[cloud]
    unread = {
        f"{spec.__name__}.{name}" for spec in INFRASTRUCTURE for name in spec.model_fields if name not in read
    }
    assert unread == set(listed)
    assert all(len(reason) > 10 for reason in listed.values())


@pytest.mark.parametrize(("stack", "cloud"), CASES)
def test_workloads_are_the_same_components_on_every_cloud(stack: str, cloud: str) -> None:
    def ours(which: str) -> set[str]:
        return {
            r.type for r in captured(stack, which).resources if r.type.startswith("ai-gateway:kubernetes:")
        }

    assert ours(cloud) == ours("aws")


def test_nothing_outside_the_clouds_branches_on_one() -> None:
    """No comparison with a cloud's name outside sizing/clouds, components/<cloud> and the registry."""
    allowed = ("sizing/clouds/", "infra/clouds.py", *(f"components/{cloud}/" for cloud in clouds.CLOUDS))
    found: list[str] = []
    for room in ("sizing", "components", "infra", "cli"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(allowed):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Compare):
                    values = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
                    if any(value in clouds.CLOUDS for value in values if isinstance(value, str)):
                        found.append(f"{name}:{node.lineno}")
    assert found == []


@EVERY_CLOUD
def test_catalogues_are_asked_by_name(cloud: str) -> None:
    """Policies and upgrades take figures of machines and cache nodes from here, whatever the cloud."""
    model, order = clouds.model(cloud), plan("medium", cloud).order
    assert model.machines()[order.cpu.machine.name] == order.cpu.machine
    assert "none.such" not in model.machines()
    gib = model.cache_gib(order.redis.spec.node_type)
    assert gib is not None
    assert gib > 0
    assert model.cache_gib("none.such") is None
