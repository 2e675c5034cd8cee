"""The pool's two sides, streamed chunks and spend logs: figures that must hold together."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sizing import choices, connections
from sizing.engines import stream_interval
from sizing.errors import SizingError
from sizing.guide.cells import Tier
from sizing.spend_logs import bytes_per_day, days_that_fit, default_retention_days
from tests import harness
from tests.sizing.plans import planned

TIERS = [tier.value for tier in Tier]


@pytest.mark.parametrize("tier", TIERS)
def test_both_sides_of_the_pool_have_room(tier: str) -> None:
    plan = harness.plan(tier)
    need, found = plan.requirements, connections.connections(plan.requirements, plan.order)
    assert found.clients == need.litellm.max_replicas * need.litellm.workers * choices.CONNECTIONS_PER_WORKER
    assert found.clients <= (need.pgbouncer.replicas - 1) * need.pgbouncer.max_client_conn
    assert found.client_limit_one_pod_lost == found.client_limit - need.pgbouncer.max_client_conn
    per_pod = need.pgbouncer.default_pool_size + need.pgbouncer.reserve_pool_size
    assert found.servers == need.pgbouncer.replicas * per_pod
    assert found.servers + connections.RESERVED_CONNECTIONS <= found.max_connections
    assert found.max_connections == plan.order.postgres.spec.max_connections


def test_the_pool_never_takes_the_last_connections() -> None:
    """PostgreSQL keeps three for superusers; the migration, the exporter and a person need theirs."""
    assert connections.RESERVED_CONNECTIONS >= 10
    most = planned("small").order.postgres.spec.max_connections - connections.RESERVED_CONNECTIONS
    size = most // 2 - 5
    assert (
        planned("small", pgbouncer={"defaultPoolSize": size}).requirements.pgbouncer.default_pool_size == size
    )
    with pytest.raises(SizingError, match=f"at most {size}"):
        planned("small", pgbouncer={"defaultPoolSize": size + 1})


def test_clients_of_the_tiers_are_as_decided() -> None:
    """D22: 80 / 120 / 400 / 800."""
    clients = [
        connections.connections(harness.plan(t).requirements, harness.plan(t).order).clients for t in TIERS
    ]
    assert clients == [80, 120, 400, 800]


@pytest.mark.parametrize(
    ("tier", "overrides", "path", "remedy"),
    [
        ("small", {"pgbouncer": {"replicas": 1}}, "pgbouncer.replicas", r"at least 2, or"),
        ("small", {"pgbouncer": {"maxClientConn": 79}}, "pgbouncer.maxClientConn", r"at least 80, or"),
        ("enterprise", {"litellm": {"workers": 6}}, "pgbouncer.replicas", r"at least 4, or"),
        (
            "small",
            {"pgbouncer": {"defaultPoolSize": 500}},
            "pgbouncer.defaultPoolSize",
            r"Set pgbouncer.defaultPoolSize",
        ),
        (
            "small",
            {"pgbouncer": {"reservePoolSize": 900}},
            "pgbouncer.reservePoolSize",
            r"Set pgbouncer.reservePoolSize to at most",
        ),
        (
            "small",
            {"pgbouncer": {"replicas": 1000}},
            "pgbouncer.replicas",
            r"fewer pods",
        ),
    ],
)
def test_a_pool_that_cannot_serve_is_refused(
    tier: str, overrides: dict[str, object], path: str, remedy: str
) -> None:
    with pytest.raises(SizingError) as refused:
        planned(tier, **overrides)
    assert refused.value.path == path
    assert re.search(remedy, refused.value.remedy)


def test_four_workers_at_forty_replicas_through_one_pool_pod_are_refused() -> None:
    """Negative control of the fit proof."""
    with pytest.raises(SizingError, match="1600 connections"):
        planned("enterprise", litellm={"workers": 4}, pgbouncer={"replicas": 1})


@pytest.mark.parametrize(
    ("key", "wrong"),
    [("replicas", 1), ("maxClientConn", 79), ("defaultPoolSize", 500), ("reservePoolSize", 900)],
)
def test_the_remedy_of_a_refused_pool_is_accepted(key: str, wrong: int) -> None:
    with pytest.raises(SizingError) as refused:
        planned("small", pgbouncer={key: wrong})
    figure = re.search(r"at (?:least|most) (\d+)", refused.value.remedy)
    assert figure is not None
    assert planned("small", pgbouncer={key: int(figure[1])}).requirements.pgbouncer.replicas >= 2


# ------------------------------------------------------------------------------------- streamed chunks


@pytest.mark.parametrize("tier", TIERS)
def test_the_tiers_rps_stays_under_the_cpu_target_with_the_engines_chunks(tier: str) -> None:
    need = harness.plan(tier).requirements
    interval, load, litellm = stream_interval(need), need.workload, need.litellm
    chunks = -(-load.output_tokens // interval)
    per_request_ms = (
        choices.LITELLM_CPU_MS_PER_REQUEST + load.streaming_ratio * chunks * choices.LITELLM_CPU_MS_PER_CHUNK
    )
    used_m = per_request_ms * litellm.max_rps
    target_m = litellm.max_replicas * litellm.cpu_request_m * litellm.hpa.cpu_percent / 100
    assert used_m <= 1.01 * target_m, "chunks are rounded up, which may pass the target by a hair"
    assert all(engine.stream_interval == interval for engine in harness.plan(tier).engines)


def test_large_sends_at_least_six_tokens_a_chunk() -> None:
    """D37."""
    assert stream_interval(harness.plan("large").requirements) >= 6


def test_a_proxy_with_cpu_to_spare_streams_token_by_token() -> None:
    plan = planned(
        "small", litellm={"cpu": {"request": "2500m", "limit": "3"}, "maxReplicas": 12, "workers": 2}
    )
    assert stream_interval(plan.requirements) == 1


def test_a_proxy_without_cpu_for_chunks_sends_one() -> None:
    plan = planned("small", litellm={"cpu": {"request": "50m"}, "replicas": 1})
    assert stream_interval(plan.requirements) == plan.requirements.workload.output_tokens


# ------------------------------------------------------------------------------------------ spend logs


@pytest.mark.parametrize("tier", TIERS)
def test_spend_logs_fit_the_disk_by_default(tier: str) -> None:
    plan = harness.plan(tier)
    kept = plan.platform.litellm.spend_log_retention_days
    size = plan.order.postgres.spec.storage_gib * 2**30
    peak = plan.requirements.workload.peak_to_average
    assert 1 <= kept <= choices.SPEND_LOG_MAX_DAYS
    assert kept == 1 or kept * bytes_per_day(Tier(tier), peak) <= choices.SPEND_LOG_DISK_SHARE * size


@given(st.sampled_from(list(Tier)), st.floats(1, 20), st.integers(20, 65_536))
def test_days_that_fit_fill_the_share_and_one_more_would_not(tier: Tier, peak: float, gib: int) -> None:
    days, share = days_that_fit(tier, peak, gib), choices.SPEND_LOG_DISK_SHARE * gib * 2**30
    assert days >= 1
    assert days == 1 or days * bytes_per_day(tier, peak) <= share
    assert (days + 1) * bytes_per_day(tier, peak) > share
    assert default_retention_days(tier, peak, gib) == min(days, choices.SPEND_LOG_MAX_DAYS)


def test_a_row_a_request_at_the_average_load() -> None:
    """Medium: 100 requests/s at the peak, 3 x the average; 2,000 bytes each."""
    assert bytes_per_day(Tier.MEDIUM, 3.0) == pytest.approx(100 / 3 * 86_400 * 2000)
