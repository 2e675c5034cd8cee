"""What else an alert must notice, and what it must not take for trouble: input series for ``promtool``.

``MORE`` holds further scenarios of an alert, tested on both sides of its levels like the first one.
``QUIET`` holds series under which it stays silent at every level, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping

from sizing.plan import Plan
from tests.real.prometheus.managed import SOMETHING, large_disk
from tests.real.prometheus.scenarios import SPANS
from tests.real.prometheus.series import SETTLED_S, Scenario, Series, flat, growing, rate

_REFUSED = 'litellm_deployment_failure_responses_total{model_id="m",exception_status="%s"}'
_SERVED = 'litellm_deployment_success_responses_total{model_id="m"}'


def _every_call_fails(_plan: Plan, value: float) -> Series:
    """A model without a fallback: LiteLLM never puts it aside. It served once, and serves no more."""
    return {_REFUSED % "500": growing(value / 300), _SERVED: flat(7)}


def _an_engine_hangs(_plan: Plan, value: float) -> Series:
    """Since its start: nothing was ever served."""
    return {_REFUSED % "408": growing(value / 300)}


_LOST = tuple(
    f"otelcol_exporter_{how}_failed_{what}{{{SPANS}}}"
    for how in ("send", "enqueue")
    for what in ("spans", "metric_points", "log_records")
)


_TAKEN = 'kube_cronjob_status_last_successful_time{namespace="vault",cronjob="s"}'
_CREATED = 'kube_cronjob_created{namespace="vault",cronjob="s"}'


def _never_a_snapshot(_plan: Plan, value: float) -> Series:
    """The CronJob is as old as the value when the series have settled, and has never succeeded."""
    return {_CREATED: flat(SETTLED_S - value)}


def _gone(_plan: Plan, value: float) -> Series:
    """``value`` 1: a Deployment is not there at all, which others are."""
    if value == 1:
        return {SOMETHING: flat(3)}
    places = (("agentgateway-system", "edge"), ("litellm", "litellm"), ("database", "pgbouncer"))
    name = 'kube_deployment_status_replicas_available{namespace="%s",deployment="%s"}'
    return {name % place: flat(1) for place in places}


MORE: Mapping[str, tuple[Scenario, ...]] = {
    "DatabaseStorageNotGrowing": (large_disk,),
    "GatewayDown": (_gone,),
    "LitellmDown": (_gone,),
    "PoolDown": (_gone,),
    "VaultSnapshotOld": (_never_a_snapshot,),
    "TelemetryLost": tuple(rate(one) for one in _LOST),
    "ModelUnavailable": (_every_call_fails, _an_engine_hangs),
}


_ALONE: Mapping[str, Series] = {"kube-state-metrics is away": {'up{job="kube-state-metrics"}': flat(0)}}

QUIET: Mapping[str, Mapping[str, Series]] = {
    **dict.fromkeys(("GatewayDown", "LitellmDown", "PoolDown", "VaultQuorumLost"), _ALONE),
    "VaultSnapshotOld": {
        "an old CronJob with a fresh snapshot": {_CREATED: flat(-1e8), _TAKEN: flat(SETTLED_S)},
    },
    "ModelUnavailable": {
        "put aside once, well since": {
            'litellm_deployment_cooled_down_total{model_id="m"}': f"0 1 2 {flat(3)}",
            'litellm_deployment_state{model_id="m",api_base="http://vllm/v1"}': flat(2),
            _SERVED: growing(1),
        },
        "some calls fail": {_REFUSED % "500": growing(1), _SERVED: growing(1)},
        "callers ask for what it cannot": {_REFUSED % "400": growing(1)},
        "rejected before a deployment was chosen": {
            'litellm_deployment_failure_responses_total{model_id="",exception_status="429"}': growing(1)
        },
    },
}
