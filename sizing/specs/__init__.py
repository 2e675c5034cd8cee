"""The frozen types that flow from the model to the components: plain, printable, without any cloud SDK.

Units are in the names: ``_m`` milli-CPU, ``_mib``, ``_gib``, ``_s`` seconds, ``_days``. Components receive
these and nothing else of the model: no tier, no configuration, no catalogue.
"""

from sizing.specs.base import (
    Spec,
)
from sizing.specs.infrastructure import (
    AddonSpec,
    BucketSpec,
    ClusterSpec,
    KeySpec,
    NetworkSpec,
    NodeGroupSpec,
    Pool,
    PostgresSpec,
    RedisSpec,
    SecretSpec,
)
from sizing.specs.platform import (
    AddonsSpec,
    AgentGatewaySpec,
    EngineSpec,
    ExternalModel,
    HpaSpec,
    JaegerBackend,
    LitellmSpec,
    ModelRoute,
    ObservabilitySpec,
    PgbouncerSpec,
    TriggerSpec,
    VaultSpec,
    VllmSpec,
)
from sizing.specs.workload import (
    PRIORITIES,
    Container,
    Identity,
    Placement,
    PriorityClass,
    SpreadRule,
    Volume,
    Workload,
    WorkloadKind,
    Workloads,
)

__all__ = [
    "PRIORITIES",
    "AddonSpec",
    "AddonsSpec",
    "AgentGatewaySpec",
    "BucketSpec",
    "ClusterSpec",
    "Container",
    "EngineSpec",
    "ExternalModel",
    "HpaSpec",
    "Identity",
    "JaegerBackend",
    "KeySpec",
    "LitellmSpec",
    "ModelRoute",
    "NetworkSpec",
    "NodeGroupSpec",
    "ObservabilitySpec",
    "PgbouncerSpec",
    "Placement",
    "Pool",
    "PostgresSpec",
    "PriorityClass",
    "RedisSpec",
    "SecretSpec",
    "Spec",
    "SpreadRule",
    "TriggerSpec",
    "VaultSpec",
    "VllmSpec",
    "Volume",
    "Workload",
    "WorkloadKind",
    "Workloads",
]
