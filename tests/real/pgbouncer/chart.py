"""What the chart makes of its values: the file pgbouncer.ini and the pool's command.

As chart pgbouncer 4.1.9 renders its ConfigMap: three sections, fixed lines first, then the values in the
order of their keys, as Helm ranges over them (https://github.com/icoretech/helm/tree/main/charts/pgbouncer).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONFIG = "/etc/pgbouncer/pgbouncer.ini"
USERS = "/etc/userlist/userlist.txt"

FIXED = (
    "listen_addr = *",
    "listen_port = 5432",
    f"auth_file = {USERS}",
    "admin_users = {adminUser}",
    "server_reset_query = SELECT pg_advisory_unlock_all()",
    "server_reset_query_always = 1",
)


def pgbouncer_ini(config: Mapping[str, Any]) -> str:
    """The file from the chart's ``config`` values."""
    lines = ["[databases]"]
    for name, fields in sorted(config["databases"].items()):
        lines.append(f"{name} = " + " ".join(f"{key}={value}" for key, value in sorted(fields.items())))
    lines += ["[users]", "[pgbouncer]", *(line.format(**config) for line in FIXED)]
    lines += [f"{key} = {value}" for key, value in sorted(config["pgbouncer"].items())]
    return "\n".join(lines) + "\n"
