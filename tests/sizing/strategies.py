"""Random stack configurations: sensible ones that mostly can be bought, and wild ones that mostly cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from infra.settings import Settings
from sizing.clouds.aws.machines import machines
from sizing.clouds.aws.postgres import classes
from sizing.clouds.aws.redis import nodes

Config = dict[str, Any]

TIERS = ("small", "medium", "large", "enterprise")
GPU_TYPES = (
    "g4dn.xlarge",
    "g4dn.2xlarge",
    "g5.4xlarge",
    "g5.12xlarge",
    "g6.4xlarge",
    "g6e.12xlarge",
    "p4d.24xlarge",
)
CPU_TYPES = ("m5.xlarge", "m5.2xlarge", "m5.4xlarge", "m5.8xlarge", "c5.4xlarge", "r5.2xlarge")
MODELS = (
    "meta-llama/Llama-3.1-8B-Instruct",
    "RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic",
    "Qwen/Qwen3-8B",
    "openai/gpt-oss-20b",
)


def part(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Config]:
    """An object with some of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


def quantity(unit: str, values: list[int]) -> st.SearchStrategy[str]:
    return st.sampled_from(values).map(lambda value: f"{value}{unit}")


def pair(unit: str, requests: list[int]) -> st.SearchStrategy[Config]:
    """Request and limit, the limit a multiple of the request."""
    return st.builds(
        lambda request, factor: {"request": f"{request}{unit}", "limit": f"{request * factor}{unit}"},
        st.sampled_from(requests),
        st.integers(1, 3),
    )


PROXY = {
    "replicas": st.integers(1, 6),
    "maxReplicas": st.integers(6, 12),
    "cpu": pair("m", [250, 500, 1000, 1500]),
    "memory": pair("Mi", [256, 512, 1024, 4096]),
}
POOL = {"min": st.integers(0, 3), "desired": st.integers(3, 7), "max": st.integers(7, 12)}
SHAPE = part(
    replicas=st.integers(1, 3), cpu=quantity("m", [100, 500, 1000]), memory=quantity("Mi", [256, 1024])
)
ENGINE = part(
    repository=st.sampled_from(MODELS),
    precision=st.sampled_from(["bf16", "fp8", "int4"]),
    maxModelLen=st.sampled_from([2048, 8192, 16384, 32768]),
    minReplicas=st.integers(1, 3),
    maxReplicas=st.integers(3, 6),
    cpu=pair("m", [1000, 2000]),
    memory=pair("Gi", [4, 8]),
)
POSTGRES = part(
    vcpu=st.integers(1, 32),
    memoryGib=st.integers(1, 128),
    storageGib=st.integers(20, 4000),
    iops=st.integers(100, 20_000),
    storageType=st.sampled_from(["gp3", "io1", "io2"]),
    readReplicas=st.integers(0, 15),
    multiAz=st.booleans(),
    backupRetentionDays=st.integers(1, 35),
)
REDIS = part(
    shards=st.integers(1, 20),
    replicasPerShard=st.integers(0, 3),
    memoryGibPerNode=st.integers(1, 60),
    durability=st.sampled_from(["none", "async", "sync"]),
)
OBSERVABILITY = part(
    otelCollector=SHAPE,
    grafana=SHAPE,
    prometheus=part(
        replicas=st.integers(1, 3), memory=pair("Mi", [512, 2048]), storageGib=st.integers(10, 500)
    ),
    jaeger=st.sampled_from(["Single", "All-in-one", "Distributed", "Elastic backend"]),
    thanos=st.booleans(),
)

SENSIBLE = part(
    litellm=part(**PROXY, workers=st.integers(1, 2), spendLogRetentionDays=st.integers(1, 90)),
    agentGateway=part(**PROXY),
    vllm=part(routerReplicas=st.integers(1, 4), engines=st.lists(ENGINE, min_size=1, max_size=2)),
    postgres=POSTGRES,
    pgbouncer=part(
        replicas=st.integers(2, 4), defaultPoolSize=st.integers(5, 60), reservePoolSize=st.integers(0, 9)
    ),
    redis=REDIS,
    vault=part(
        replicas=st.sampled_from([1, 3]),
        cpu=quantity("m", [250, 1000]),
        memory=quantity("Mi", [512, 2048]),
        storageGib=st.integers(1, 100),
    ),
    observability=OBSERVABILITY,
    nodes=part(
        cpu=part(**POOL, machineType=st.sampled_from(CPU_TYPES)),
        gpu=part(**POOL, machineType=st.sampled_from(GPU_TYPES)),
    ),
    network=part(natGatewayPerZone=st.booleans(), interfaceEndpoints=st.booleans()),
)
"""Valid in form; some cannot be bought or do not fit, and must then be refused in the one way."""

# ------------------------------------------------------------------------------------- one thing wrong


def _inner(annotation: object) -> type[BaseModel] | None:
    """The model inside an annotation such as ``tuple[EnginePart, ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_inner, get_args(annotation))), None)


def _is_list(annotation: object) -> bool:
    return get_origin(annotation) is tuple or any(map(_is_list, get_args(annotation)))


def every_key(model: type[BaseModel] = Settings) -> Iterator[tuple[str, ...]]:
    """Path of every key a stack file may have, ``[]`` for an entry of a list, from the settings' types."""
    for name, field in model.model_fields.items():
        inner, steps = (
            _inner(field.annotation),
            (to_camel(name), *(["[]"] if _is_list(field.annotation) else [])),
        )
        yield (to_camel(name),)
        for below in every_key(inner) if inner else ():
            yield (*steps, *below)


def at_path(path: Sequence[str], value: object) -> Any:
    """``value`` inside the objects and lists that ``path`` names."""
    if not path:
        return value
    return [at_path(path[1:], value)] if path[0] == "[]" else {path[0]: at_path(path[1:], value)}


KEYS = tuple(path for path in every_key() if path[0] not in ("tier", "cloud"))
NUMBERS = st.one_of(st.integers(-2, 40), st.integers(10**3, 10**13))
WORDS = (
    *(*machines(), *(c.name for c in classes()), *(n.name for n in nodes())),
    *("", "0", "1e3", "5 Gi", "-1", "100m", "900", "64Gi", "9Ti", "a.b", "gp3", "io1", "[secret]"),
    *("10.0.0.0/23", "10.0.0.0/33", "172.20.0.0/14", "8.8.8.0/24", "0.0.0.0/0"),
)
ANYTHING = st.one_of(
    NUMBERS,
    NUMBERS.map(str),
    st.sampled_from(WORDS),
    st.text(max_size=8),
    st.booleans(),
    st.floats(),
    st.none(),
    st.lists(st.one_of(NUMBERS, st.sampled_from(WORDS)), max_size=2),
    st.dictionaries(st.text(max_size=4), NUMBERS, max_size=2),
)
WILD = st.one_of(
    st.builds(at_path, st.sampled_from(KEYS), ANYTHING),
    st.builds(at_path, st.sampled_from(KEYS), NUMBERS),
    st.dictionaries(st.text(max_size=8), ANYTHING, min_size=1, max_size=2),
)
"""Any value under any key of the configuration."""
