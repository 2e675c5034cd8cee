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
from sizing.specs.network import (
    AddressBlock,
    Edge,
    ForeignPods,
    NetworkPolicySpec,
    Outside,
    PodGroup,
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
    "AddonSpec",
    "AddonsSpec",
    "AddressBlock",
    "AgentGatewaySpec",
    "BucketSpec",
    "ClusterSpec",
    "Container",
    "Edge",
    "EngineSpec",
    "ExternalModel",
    "ForeignPods",
    "HpaSpec",
    "Identity",
    "JaegerBackend",
    "KeySpec",
    "LitellmSpec",
    "ModelRoute",
    "NetworkPolicySpec",
    "NetworkSpec",
    "NodeGroupSpec",
    "ObservabilitySpec",
    "Outside",
    "PgbouncerSpec",
    "Placement",
    "PodGroup",
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
