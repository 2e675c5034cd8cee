"""A Redis cluster with TLS and a password, as the managed caches are."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.real import programs, servers

PASSWORD = "cache/p@ss"
MASTERS = 3
SLOTS = "16384"


@dataclass(frozen=True)
class Cache:
    """``ports`` of the masters; ``ca`` verifies them; ``masters`` are what runs."""

    ports: tuple[int, ...]
    ca: Path
    masters: tuple[servers.Process, ...]

    def cli(self, port: int, *words: str) -> str:
        argv = [
            programs.command("redis-cli", "litellm"),
            "--tls",
            "--cacert",
            str(self.ca),
            "-p",
            str(port),
            *words,
        ]
        env = {**os.environ, "REDISCLI_AUTH": PASSWORD}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)
        return done.stdout.strip() + done.stderr.strip()

    def get(self, key: str) -> str:
        """On whichever master it is."""
        return self.cli(self.ports[0], "-c", "get", key)

    def keys(self, pattern: str) -> set[str]:
        """Keys on all masters."""
        return {
            key for port in self.ports for key in self.cli(port, "--scan", "--pattern", pattern).splitlines()
        }


@contextmanager
def cache(directory: Path, names: str = servers.LOOPBACK, masters: int = MASTERS) -> Iterator[Cache]:
    """Started, joined and with every slot served; ``names`` stand in the servers' certificate."""
    signed = servers.authority(directory, "redis", names)
    ports = tuple(servers.free_port() for _ in range(masters))
    with ExitStack() as stack:
        running = tuple(stack.enter_context(_master(directory, signed, port)) for port in ports)
        for started, port in zip(running, ports, strict=True):
            servers.wait_until_listening(started, port)
        found = Cache(ports, signed.ca, running)
        _join(found)
        servers.wait_for(
            lambda: all("cluster_state:ok" in found.cli(port, "cluster", "info") for port in ports),
            "the cluster is well",
        )
        yield found


def _join(found: Cache) -> None:
    if len(found.ports) == 1:  # redis-cli makes clusters of three and more
        made = found.cli(found.ports[0], "cluster", "addslotsrange", "0", str(int(SLOTS) - 1))
        assert made == "OK", made
        return
    nodes = [f"{servers.HOST}:{port}" for port in found.ports]
    made = found.cli(
        found.ports[0], "--cluster", "create", *nodes, "--cluster-replicas", "0", "--cluster-yes"
    )
    assert f"All {SLOTS} slots covered" in made, made


def _master(directory: Path, signed: servers.Authority, port: int) -> AbstractContextManager[servers.Process]:
    home = directory / f"redis-{port}"
    home.mkdir()
    servers.own(home)
    settings = {
        "bind": servers.HOST,
        "port": 0,
        "tls-port": port,
        "tls-cert-file": signed.certificate,
        "tls-key-file": signed.key,
        "tls-ca-cert-file": signed.ca,
        "tls-auth-clients": "no",
        "tls-cluster": "yes",
        "cluster-enabled": "yes",
        "cluster-port": servers.free_port(),
        "requirepass": PASSWORD,
        "masterauth": PASSWORD,
        "save": "",
        "dir": home,
    }
    flags = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    return servers.process([programs.command("redis-server", "litellm"), *flags], home, "redis")
