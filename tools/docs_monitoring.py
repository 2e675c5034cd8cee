"""Write docs/monitoring.md: who is told, how each workload is scraped, which metrics are used.

python -m tools.docs_monitoring [--check]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sizing.alerts.catalogue import metrics, monitors
from sizing.network_edges import RECEIVERS
from tools.markdown import table

PAGE = Path(__file__).resolve().parent.parent / "docs" / "monitoring.md"

_HEAD = """\
# Monitoring

Prometheus scrapes every workload that has metrics, evaluates rules made from the plan, and hands alerts to
Alertmanager. `gateway alerts STACK` prints the alerts with their thresholds, `gateway alerts STACK --rules`
the rule file. What to do when one fires: [runbooks/alerts](runbooks/alerts.md). Why it is built like this:
[ADR 0009](adr/0009-alerts-and-cloud-metrics.md).

## Who is told

```yaml
config:
  ai-gateway:observability:
    alerts:
      receivers:
        - {name: oncall, type: pagerduty, secret: pagerduty-key}
        - {name: chat, type: slack, secret: slack-url, channel: "#ai-gateway"}
      critical: oncall
      warning: chat
```

A receiver is of type `slack` (with `channel`), `pagerduty`, `webhook` or `email` (with `to`, `sender`,
`smarthost`). `secret` names an entry of the cloud's secret store, a JSON object with the key `value`: the
address of Slack's incoming webhook or of the webhook, PagerDuty's routing key, the mail server's password.
Create it under the stack's prefix before `pulumi up`, which lets the cluster read this entry; without it
Alertmanager does not start. `to` is an address or several with commas, `sender` also the user at the mail
server, `smarthost` its name and port; mail goes over TLS.

    aws secretsmanager create-secret --name ai-gateway-large/pagerduty-key --secret-string '{"value":"..."}'
    # Google Cloud
    printf '{"value":"..."}' | gcloud secrets create ai-gateway-large-pagerduty-key --data-file=-

"""

_REACH = f"""
Alertmanager reaches receivers on the internet only, on ports {", ".join(map(str, RECEIVERS))}: a webhook or a
mail server at a private address, or at another port, is blocked by its [network policy](network.md), and
alerts to it are lost.
"""

_ROUTES = """
`critical`, `warning` and `info` each name a receiver; a severity without one is shown in Alertmanager and
sent to nobody, and without any receiver **nobody is paged**. `runbookUrl` is where your people read the
runbook: every alert links to its section there. Without it the link is the page's path in this repository,
which a chat or pager cannot open.

Failed Jobs, pods that crash or are not ready, targets that are down, volumes that fill, and nodes are the
rules of kube-prometheus-stack; they go the same ways by severity. Its `Watchdog` always fires and is sent to
nobody: an outside service that misses it would notice a dead Prometheus, and there is none in this platform.

## Dashboards

In Grafana's folder `ai-gateway`: capacity, gateway latency and errors, tokens and cost, GPUs and vLLM,
database and pool, Redis, Vault. They are made from the plan, with a line where an alert fires, and cannot
be edited in the browser: copy one to change it.

## How each workload is scraped

`release=path` is a Helm value that is set, `release~path` one that is on unless somebody turns it off.
"""

_METRICS = """
## Metrics that alerts and dashboards use

A test proves that every expression uses these only, and that what serves them is scraped in every size and
cloud.
"""


def page() -> str:
    """The whole page."""
    scraped = [
        {
            "Workload": f"`{row.workload}`",
            "Exporter": row.exporter or "none",
            "Monitor": " ".join(f"`{word}`" for word in row.switch.split()),
            "Note": row.note,
        }
        for row in monitors()
    ]
    used = [
        {
            "Metric": f"`{metric.name}`",
            "Type": metric.type,
            "Unit": metric.unit,
            "Exporter": metric.exporter,
            "Source": f"[source]({metric.source})",
        }
        for metric in metrics().values()
    ]
    parts = [
        _HEAD,
        _REACH.strip("\n"),
        _ROUTES.strip("\n"),
        table(scraped),
        _METRICS,
        table(used),
    ]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def main() -> int:
    """The command: exit 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(description="Generate docs/monitoring.md.")
    parser.add_argument("--check", action="store_true", help="compare only")
    if not parser.parse_args().check:
        PAGE.write_text(page(), encoding="utf-8", newline="\n")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print("docs/monitoring.md is stale. Run `python -m tools.docs_monitoring`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
