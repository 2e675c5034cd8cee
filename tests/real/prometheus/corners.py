"""What else an alert must notice, and what it must not take for trouble: input series for ``promtool``.

``MORE`` holds further scenarios of an alert, tested on both sides of its levels like the first one.
``QUIET`` holds series under which it stays silent at every level, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping

from sizing.plan import Plan
from tests.real.prometheus.scenarios import SPANS, Scenario, Series, flat, growing, rate

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


MORE: Mapping[str, tuple[Scenario, ...]] = {
    "TelemetryLost": tuple(rate(one) for one in _LOST),
    "ModelUnavailable": (_every_call_fails, _an_engine_hangs),
}



QUIET: Mapping[str, Mapping[str, Series]] = {
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
