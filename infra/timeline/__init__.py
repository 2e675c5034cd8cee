"""How long a first ``up`` takes, and what it waits for: a calculation over the graph, without Pulumi.

``latencies`` says how long one creation takes, ``waits`` what waits for what and which waits are needed,
``schedule`` when each creation starts and ends.
"""

from infra.timeline.latencies import Latency, latency_of, load_latencies, seconds_by_urn
from infra.timeline.schedule import Operation, Timeline, limited, timeline
from infra.timeline.waits import NeededWait, load_needed_waits, needed_waits, unneeded_waits, waits

__all__ = [
    "Latency",
    "NeededWait",
    "Operation",
    "Timeline",
    "latency_of",
    "limited",
    "load_latencies",
    "load_needed_waits",
    "needed_waits",
    "seconds_by_urn",
    "timeline",
    "unneeded_waits",
    "waits",
]
