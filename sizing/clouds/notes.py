"""What findings say about a cloud: names, reasons and sources. Figures come from the order, words from here.

Every cloud fills the same fields, so that a rule states its facts without asking which cloud it is on.
"""

from __future__ import annotations

from sizing.specs import Spec


class Remark(Spec):
    """Why a cloud differs from the guide, and where that can be read."""

    reason: str
    source: str


class PostgresNotes(Spec):
    """Words about the managed PostgreSQL. ``with_standby`` and ``without_standby`` name a primary's kind; the
    reason of ``limit`` completes "3.3 is taken as the autoscaling limit; ... N GiB allocated". ``unverified``
    is said where the order names no authority of the server; None when every instance brings its own."""

    storage: str
    classes: str
    standby: str
    limit: Remark
    topology: Remark
    with_standby: str
    without_standby: str
    unverified: Remark | None


class RedisNotes(Spec):
    """Words about the managed cache. The first two say what a replica per shard is for: one that comes on top
    of the guide's nodes, and one that is among them."""

    added_replica: str
    counted_replica: str
    persistence: str
    backups: str


class Notes(Spec):
    """A cloud's words; plain texts are sources unless said otherwise.

    ``region`` is the one that catalogue and prices are of, ``kubernetes`` the managed service's name, and
    ``endpoints_included`` the private paths every network has besides those that are ordered. ``pools`` says
    why a pool may begin below its desired count, None where it never does. ``raise_quota`` says how to ask
    for more of a quota: ``service``, ``code``, ``region`` and ``value`` are filled in.
    """

    region: str
    prices: str
    kubernetes: str
    machines: str
    node_reserves: str
    control_plane: Remark
    api_access: Remark
    bandwidth: str
    endpoints: Remark
    endpoints_included: tuple[str, ...]
    volumes: Remark
    pools: Remark | None
    raise_quota: str
    postgres: PostgresNotes
    redis: RedisNotes
