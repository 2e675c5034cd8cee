"""Tail sampling: failed and slow traces are kept, of the others a share.

A decision needs all spans of a trace in one place. Every replica takes spans from anywhere and hands each to
the replica that its trace id belongs to, itself included, on a port of its own; that one decides. So no
second deployment is needed, and the replicas share the work.
https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/processor/tailsamplingprocessor
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

DECISION_WAIT = "30s"
"""From a trace's first span on. Proxies send their spans when the answer has ended, so those of one request
come within seconds of each other."""

MAX_TRACES = 20_000
"""Undecided at once in one replica: 600 new ones a second. What is more is decided early, oldest first."""

SLOW_MS = 60_000
"""Slower than an answer of 500 tokens at 10 tokens/s."""

HANDED_ON = "load_balancing"


def pipeline(receiver: str, processors: list[str], exporter: str) -> dict[str, object]:
    """One path through the collector."""
    return {"receivers": [receiver], "processors": processors, "exporters": [exporter]}


def sampled(
    config: Mapping[str, Mapping[str, object]], kept_percent: int, service: str, port: int
) -> dict[str, object]:
    """``config`` with its traces handed on by id and decided by the replica that has all of one.

    ``k8s_attributes`` stays in the first path: it knows a pod by its connection, which ends there.
    ``service`` is the collector's own, ``<name>.<namespace>``.
    """
    traces = cast(Mapping[str, Mapping[str, object]], config["service"]["pipelines"])
    (store,) = cast(list[str], traces["traces"]["exporters"])
    decided = ["memory_limiter", "tail_sampling", "batch"]
    return {
        **config,
        "receivers": {**config["receivers"], "otlp/sampled": _receiver(port)},
        "processors": {**config["processors"], "tail_sampling": _policies(kept_percent)},
        "exporters": {**config["exporters"], HANDED_ON: _handing_on(service, port)},
        "service": {
            **config["service"],
            "pipelines": {
                **traces,
                "traces": pipeline("otlp", ["memory_limiter", "k8s_attributes"], HANDED_ON),
                "traces/sampled": pipeline("otlp/sampled", decided, store),
            },
        },
    }


def _receiver(port: int) -> dict[str, object]:
    return {"protocols": {"grpc": {"endpoint": f"0.0.0.0:{port}", "max_recv_msg_size_mib": 16}}}


def _handing_on(service: str, port: int) -> dict[str, object]:
    """A replica that is gone loses its undecided traces; what is on the way to it is sent again."""
    return {
        "routing_key": "traceID",
        "protocol": {"otlp": {"tls": {"insecure": True}}},
        "resolver": {"k8s": {"service": service, "ports": [port]}},
        "retry_on_failure": {"enabled": True},
        "sending_queue": {"enabled": True},
    }


def _policies(kept_percent: int) -> dict[str, object]:
    return {
        "decision_wait": DECISION_WAIT,
        "num_traces": MAX_TRACES,
        "policies": [
            {"name": "failed", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}},
            {"name": "slow", "type": "latency", "latency": {"threshold_ms": SLOW_MS}},
            {
                "name": "others",
                "type": "probabilistic",
                "probabilistic": {"sampling_percentage": kept_percent},
            },
        ],
    }
