"""Figures of ours in the alerts, where guide 5.2 has none: each with its reason.

A share of a limit comes in two steps: at the first there is time to act, at the second there is not.
"""

from __future__ import annotations

NEAR, AT = 0.80, 0.95
"""Shares of a limit that does not move by itself: requests, connections, IOPS, pool."""
STORAGE_NEAR, STORAGE_AT = 0.80, 0.93
"""RDS grows a disk below 10% free space, so the second step says that growing has failed or its limit is
reached (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html). Of Cloud SQL's
disk it is the share of the limit."""
GROWTH_LATE = (0.90, 0.50)
"""Free space in parts of that below which Cloud SQL grows a disk: it looks every half a minute, so at the
first it should have; at the second half of the reserve is gone."""
KV_CACHE_NEAR, KV_CACHE_FULL = 0.90, 0.98
"""Above the first new requests wait for blocks, at the second running ones are preempted and start again."""
POOL_WAIT_S = (1, 5)
"""Seconds that the oldest client of PgBouncer has waited: LiteLLM checks keys in the request's path."""
REPLICA_LAG_S = (30, 300)
"""Readers see keys and budgets that late; at the second the replica is of no use after a fail-over."""
BURST_LEFT = (0.40, 0.20)
"""Credits of a burstable class: at the second a few minutes of the load are left."""
SPEND_LOG_OF_SHARE = (1.0, 1.5)
"""Request log at the retention's end, against its share of the disk; the second fills three quarters."""
MIN_REQUESTS = 100
"""Requests in five minutes without which a ratio of errors says nothing: one of three is not an outage."""
MIN_SAMPLES = 20
"""Answers in five minutes without which a 95th percentile is one answer."""
CERTIFICATE_DAYS = (7, 2)
"""cert-manager renews at a third of the lifetime left, so a week before the end it has failed for long."""
SNAPSHOT_AGE_H = (3, 12)
"""Snapshots are hourly: two missed ones, and half a day without."""
RETENTION_FILL = 0.95
"""Prometheus deletes by size instead of by age above this share of its limit."""
QUEUE_FILL = 0.80
"""Of the exporters' queues in the collector: behind it spans and metrics are dropped."""
