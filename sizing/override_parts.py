"""The request path's side of what a stack may override: proxies, external models, engines.

A part of ``sizing.overrides``, which has the rules that hold for all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic.alias_generators import to_camel

from sizing.formats import ModelName, ProviderModel, Repository, Revision, Text
from sizing.quantities import (
    MOST_CPU_M,
    MOST_MEMORY_MIB,
    at_most,
    format_cpu,
    format_memory,
    parse_cpu,
    parse_memory,
)

LARGEST = 2_147_483_647
"""What a field of Kubernetes or of a provider holds where none says otherwise: 32 bits."""
MOST_PODS = 10_000
"""Pods of one kind; a cluster is made for 5,000 nodes (https://kubernetes.io/docs/setup/best-practices/cluster-large/)."""
CpuM = Annotated[
    int,
    BeforeValidator(parse_cpu),
    Field(ge=1),
    AfterValidator(lambda m: at_most(m, MOST_CPU_M, format_cpu(MOST_CPU_M))),
]
MemoryMib = Annotated[
    int,
    BeforeValidator(parse_memory),
    Field(ge=1),
    AfterValidator(lambda mib: at_most(mib, MOST_MEMORY_MIB, format_memory(MOST_MEMORY_MIB))),
]
Positive = Annotated[int, Field(ge=1, le=LARGEST, strict=True)]
NotNegative = Annotated[int, Field(ge=0, le=LARGEST, strict=True)]
Pods = Annotated[int, Field(ge=1, le=MOST_PODS, strict=True)]
LONGEST_ANSWER_S = 3570
"""The route waits half a minute longer, and a load balancer of AWS keeps the connections of a replica that
goes for 3,600 s at most (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html)."""
LONGEST_RETENTION_DAYS = 3650
"""Ten years: more would be no retention, and Prometheus and LiteLLM cannot count every number of days."""
RetentionDays = Annotated[int, Field(ge=1, le=LONGEST_RETENTION_DAYS, strict=True)]
Flag = Annotated[bool, Field(strict=True)]


class Part(BaseModel):
    """Base of every part: camelCase in the configuration, unknown keys refused, immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    def changed(self, path: Sequence[str], value: object) -> Self:
        """The part with another value at a path of the configuration's keys; the value is not checked."""
        key, *below = path
        name = next(field for field in type(self).model_fields if to_camel(field) == key)
        inner = getattr(self, name).changed(below, value) if below else value
        return self.model_copy(update={name: inner})


class CpuPair(Part):
    """CPU request and limit of one pod, Kubernetes quantities."""

    request: CpuM | None = None
    limit: CpuM | None = None


class MemoryPair(Part):
    """Memory request and limit of one pod, Kubernetes quantities."""

    request: MemoryMib | None = None
    limit: MemoryMib | None = None


class ProxyPart(Part):
    """Fields that both proxies share. ``maxUnavailable``: pods that a drain may take at once."""

    replicas: Pods | None = None
    max_replicas: Pods | None = None
    max_unavailable: NotNegative | None = None
    cpu: CpuPair = CpuPair()
    memory: MemoryPair = MemoryPair()


class ExternalModelPart(Part):
    """A model of an external provider; the key is a name in the secret store, never a value.

    ``share`` is the percentage of the requests for ``fallbackFor`` that it takes while all is well; without
    it none.
    """

    name: ModelName
    model: ProviderModel
    api_key_secret: Text | None = None
    fallback_for: ModelName | None = None
    share: Annotated[int, Field(ge=1, le=99, strict=True)] | None = None


class ScalingPart(Part):
    """``litellm.scaling``: load of one pod at which another is added, beside the guide's cpu and memory."""

    requests_per_second_per_pod: Annotated[int, Field(ge=1, le=100_000, strict=True)] | None = None
    tokens_per_second_per_pod: Annotated[int, Field(ge=1, le=100_000_000, strict=True)] | None = None


class LimitsPart(Part):
    """``litellm.limits``: what an API key may ask of one model in a minute, unless it has a limit of its own
    there, and what each external provider may cost in ``budgetDays``."""

    requests_per_minute_per_key: Positive | None = None
    tokens_per_minute_per_key: Positive | None = None
    budget_usd: Positive | None = None
    budget_days: Annotated[int, Field(ge=1, le=366, strict=True)] | None = None


class LitellmPart(ProxyPart):
    """``litellm``: the proxy (guide 2.1)."""

    workers: Annotated[int, Field(ge=1, le=256, strict=True)] | None = None
    spend_log_retention_days: RetentionDays | None = None
    request_timeout_seconds: Annotated[int, Field(ge=1, le=LONGEST_ANSWER_S, strict=True)] | None = None
    bedrock: Flag | None = None
    external_models: tuple[ExternalModelPart, ...] | None = None
    limits: LimitsPart = LimitsPart()
    scaling: ScalingPart = ScalingPart()


class RateLimitPart(Part):
    """``agentGateway.rateLimit``: requests of all clients together, at the smallest number of replicas."""

    requests_per_second: Positive
    burst: Positive | None = None


class AgentGatewayPart(ProxyPart):
    """``agentGateway``: the data plane (guide 2.2)."""

    rate_limit: RateLimitPart | None = None


Dimension = Annotated[int, Field(ge=1, le=100_000, strict=True)]
"""A figure of a model's config.json; the largest models have four digits."""


class ModelPart(Part):
    """An entry of ``vllm.models``: a checkpoint that the catalogue does not have, from its ``config.json``.

    Weights are ``weightMib`` of files, or follow from ``parametersBillion`` and the precision.
    """

    repository: Repository
    precision: Literal["bf16", "fp8", "int4", "int8", "mxfp4"]
    parameters_billion: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False, strict=True)] | None = (
        None
    )
    weight_mib: Annotated[int, Field(ge=1, le=20_000_000, strict=True)] | None = None
    layers: Dimension
    attention_heads: Dimension
    kv_heads: Dimension
    head_dim: Dimension
    max_position: Annotated[int, Field(ge=1, le=100_000_000, strict=True)]
    gated: Flag = False
    revision: Revision | None = None

    @model_validator(mode="after")
    def _consistent(self) -> ModelPart:
        if (self.parameters_billion is None) is (self.weight_mib is None):
            raise ValueError("takes parametersBillion or weightMib. Give one of them.")
        if self.attention_heads % self.kv_heads:
            raise ValueError(
                f"{self.attention_heads} attentionHeads are no multiple of {self.kv_heads} kvHeads. Copy"
                " num_attention_heads and num_key_value_heads from the model's config.json."
            )
        return self


class EnginePart(Part):
    """An entry of ``vllm.engines``. The list is the whole of it: what it leaves out is not deployed.

    An entry without a repository runs the tier's model of that position.
    """

    name: ModelName | None = None
    repository: Text | None = None
    revision: Revision | None = None
    precision: Literal["bf16", "fp8", "int4"] | None = None
    tensor_parallel_size: Positive | None = None
    max_model_len: Positive | None = None
    min_replicas: Pods | None = None
    max_replicas: Pods | None = None
    cpu: CpuPair = CpuPair()
    memory: MemoryPair = MemoryPair()


class VllmPart(Part):
    """``vllm``: self-hosted inference (guide 2.3)."""

    router_replicas: Annotated[int, Field(ge=1, le=100, strict=True)] | None = None
    hf_token_secret: Text | None = None
    models: tuple[ModelPart, ...] = ()
    engines: Annotated[tuple[EnginePart, ...], Field(min_length=1)] | None = None
