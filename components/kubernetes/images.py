"""Container images that we name ourselves, pinned exactly; a chart's own image comes with the chart's
version.

A tag that moves ("latest", "17-alpine") would change what runs without any change here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Image:
    """A repository and a tag that is never reused for other content."""

    repository: str
    tag: str

    @property
    def reference(self) -> str:
        return f"{self.repository}:{self.tag}"


LITELLM = Image("ghcr.io/berriai/litellm", "1.108.14")
"""The line marked for long-term support: https://github.com/BerriAI/litellm/releases/tag/v1.108.14. The
chart's own default (1.104.0) is older than the four minor lines that get fixes. The metrics sidecar needs
>= 1.101.0."""

PGBOUNCER = Image("ghcr.io/icoretech/pgbouncer-docker", "1.25.2")
PGBOUNCER_EXPORTER = Image("prometheuscommunity/pgbouncer-exporter", "v0.12.1")

PSQL = Image("docker.io/library/postgres", "17.6-alpine3.22")
"""Only its ``psql`` is used. It reads variables from the environment (``\\getenv``, psql 14) and hashes
passwords before it sends them (``\\password``)."""

VAULT = Image("hashicorp/vault", "2.0.4")

PYTHON = Image("docker.io/library/python", "3.13.7-alpine3.22")
"""For Jobs that need nothing but the standard library (docs/adr/0008-vault-first-start.md)."""

VLLM = Image("vllm/vllm-openai", "v0.33.0")
"""Plain vLLM, not the chart's default image, whose bundled cache component has no kernels for compute
capability 7.5 (D4). Holds the Run:ai model streamer with its S3 and GCS clients, and huggingface_hub:
https://github.com/vllm-project/vllm/blob/v0.33.0/docker/Dockerfile. Built for CUDA 13: driver R580 or
newer."""

VLLM_ROUTER = Image("lmcache/lmstack-router", "v0.1.12")
"""The chart's release workflow pushes the router under the chart's version; the chart's default is
"latest"."""

CLUSTER_AUTOSCALER_REPOSITORY = "registry.k8s.io/autoscaling/cluster-autoscaler"
CLUSTER_AUTOSCALER_TAGS = {"1.34": "v1.34.5", "1.35": "v1.35.2", "1.36": "v1.36.1"}
"""Tag by the cluster's minor version. The autoscaler simulates the scheduler of its own minor, and no other
pair is tested: https://github.com/kubernetes/autoscaler/tree/master/cluster-autoscaler#releases. The chart
follows months later, so its default is for another minor most of the time."""

OTEL_COLLECTOR = Image(
    "ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-contrib", "0.159.0"
)
"""The contrib distribution: core has no ``k8s_attributes``. The chart has no default image."""

CLOUDWATCH_EXPORTER = Image("quay.io/prometheuscommunity/yet-another-cloudwatch-exporter", "v0.67.0")
STACKDRIVER_EXPORTER = Image("prometheuscommunity/stackdriver-exporter", "v0.19.0")

JAEGER = Image("jaegertracing/jaeger", "2.20.0")
JAEGER_INDEX_CLEANER = Image("jaegertracing/jaeger-es-index-cleaner", "2.20.0")
JAEGER_REGISTRY = "quay.io"
"""The project pushes to both registries; this one does not limit anonymous pulls, which all nodes behind
one NAT address share."""
