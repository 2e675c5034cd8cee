"""Kubernetes' own control plane on loopback: etcd, API server, controllers of workloads, scheduler.

There is no kubelet, and none is needed: the question ends when a pod is bound to a node or found
unschedulable. So nothing here imitates one (KWOK would, docs/adr/0011): a pod is never started, and leaves at
once when deleted (its grace period is zero). Nodes stay as they are made, since nothing that judges their
health runs.

What is left out decides nothing about placement: service accounts and their tokens, the protection of volumes
in use, the taint on nodes that have not reported yet.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tests.prove.api import Api, ApiError

START_S, STOP_S = 90, 10
"""Most seconds to wait for a server to be ready, and to end when asked."""
CONTROLLERS = ("deployment", "replicaset", "statefulset", "daemonset", "job")
ADMISSION_OFF = ("ServiceAccount", "StorageObjectInUseProtection", "TaintNodesByCondition")
WRITES_PER_S = 5000
"""Limit of the components' requests, far above what this machine serves: their own is meant for a shared
API server, and only slows down. It changes no placement."""


class ControlPlaneError(Exception):
    """A server did not start; the message has the end of its log."""


class ControlPlane:
    """Servers in a folder of their own, on free ports of 127.0.0.1; a context manager that stops them all."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self.folder = Path(tempfile.mkdtemp(prefix="ai-gateway-prove-"))
        self.token = secrets.token_hex(16)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._etcd, self._peer, self._api_port, self._metrics_port = free_ports(4)
        self._certificates = self.folder / "certificates"
        self._connections: list[Api] = []
        self.api: Api
        self._metrics: Api

    def __enter__(self) -> ControlPlane:
        try:
            self._start_etcd()
            self._start_api_server()
            self._start_controllers()
            self.start_scheduler()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End every server, last started first, and remove what they wrote."""
        for name in list(self._running)[::-1]:
            self._end(name)
        for connection in self._connections:
            connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def alive(self) -> None:
        """Raise ControlPlaneError when a server has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise ControlPlaneError(f"{name} ended with {process.returncode}:\n{self._log(name)}")

    def scheduler_metrics(self) -> dict[str, float]:
        """The scheduler's counters, by name with labels as they are exposed."""
        text = self._metrics.request("GET", "/metrics").decode()
        return {name: float(value) for name, value in METRIC.findall(text)}

    def cpu_seconds(self, name: str) -> float:
        """What a server has used so far: on a busy machine a better measure than the clock."""
        stat = Path(f"/proc/{self._running[name].pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    # ------------------------------------------------------------------------------------------ servers

    def _start_etcd(self) -> None:
        client, peer = f"http://127.0.0.1:{self._etcd}", f"http://127.0.0.1:{self._peer}"
        self._start(
            "etcd",
            f"--data-dir={self.folder}/etcd",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",  # nothing here outlives the test
            "--log-level=error",
        )
        self._wait("etcd", lambda: _opens(self._etcd))

    def _start_api_server(self) -> None:
        certificates = self._certificates
        tokens = self._write("tokens.csv", f'{self.token},prove,prove,"system:masters"\n')
        self._start(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--secure-port={self._api_port}",
            f"--cert-dir={certificates}",
            f"--token-auth-file={tokens}",
            "--authorization-mode=AlwaysAllow",
            "--anonymous-auth=false",
            "--enable-priority-and-fairness=false",
            "--service-account-issuer=https://127.0.0.1",
            # the key of the server's own certificate: no service account ever gets a token
            f"--service-account-signing-key-file={certificates}/apiserver.key",
            f"--service-account-key-file={certificates}/apiserver.key",
            "--service-cluster-ip-range=10.0.0.0/24",
            f"--disable-admission-plugins={','.join(ADMISSION_OFF)}",
        )
        certificate = certificates / "apiserver.crt"
        self._wait("kube-apiserver", lambda: certificate.exists() and _opens(self._api_port))
        self.api = self._connect(self._api_port)
        self._wait("kube-apiserver", self._api_ready)
        self._write("kubeconfig", json.dumps(self._kubeconfig(certificate)))

    def _api_ready(self) -> bool:
        try:
            self.api.request("GET", "/readyz")
            self.api.get("/api/v1/namespaces/kube-system")
        except (ApiError, OSError):
            return False
        return True

    def _start_controllers(self) -> None:
        self._start(
            "kube-controller-manager",
            f"--kubeconfig={self.folder}/kubeconfig",
            f"--controllers={','.join(f'{name}-controller' for name in CONTROLLERS)}",
            "--leader-elect=false",
            "--secure-port=0",
            f"--kube-api-qps={WRITES_PER_S}",
            f"--kube-api-burst={WRITES_PER_S}",
        )

    def start_scheduler(self) -> None:
        """The scheduler with the default profile: only its connection is configured."""
        configuration = {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {
                "kubeconfig": f"{self.folder}/kubeconfig",
                "qps": WRITES_PER_S,
                "burst": WRITES_PER_S,
            },
            "leaderElection": {"leaderElect": False},
        }
        self._start(
            "kube-scheduler",
            f"--config={self._write('scheduler.json', json.dumps(configuration))}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._metrics_port}",
            f"--tls-cert-file={self._certificates}/apiserver.crt",
            f"--tls-private-key-file={self._certificates}/apiserver.key",
            f"--authentication-kubeconfig={self.folder}/kubeconfig",
            f"--authorization-kubeconfig={self.folder}/kubeconfig",
            "--authorization-always-allow-paths=/metrics,/readyz",
            # who is pushed out stays the same, but a pod that did it may then wait five minutes for nothing:
            # https://github.com/kubernetes/kubernetes/issues/141694
            "--feature-gates=SchedulerAsyncPreemption=false",
        )
        self._wait("kube-scheduler", lambda: _opens(self._metrics_port))
        self._metrics = self._connect(self._metrics_port)

    def stop_scheduler(self) -> None:
        """End the scheduler alone: what is created then waits for the next one."""
        self._end("kube-scheduler")

    # ---------------------------------------------------------------------------------------- processes

    def _start(self, name: str, *flags: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [self.program, name, *flags],
                cwd=self.folder,
                stdin=subprocess.PIPE,  # the program ends when this end closes, and so with this process
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _end(self, name: str) -> None:
        process = self._running.pop(name)
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        until = time.monotonic() + START_S
        while not ready():
            self.alive()
            if time.monotonic() > until:
                raise ControlPlaneError(f"{name} is not ready after {START_S} s:\n{self._log(name)}")
            time.sleep(0.05)

    def _connect(self, port: int) -> Api:
        self._connections.append(Api(port, f"{self._certificates}/apiserver.crt", self.token))
        return self._connections[-1]

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def _log(self, name: str) -> str:
        return "\n".join((self.folder / f"{name}.log").read_text(errors="replace").splitlines()[-15:])

    def _kubeconfig(self, certificate: Path) -> dict[str, object]:
        server = f"https://127.0.0.1:{self._api_port}"
        cluster = {"server": server, "certificate-authority": str(certificate)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "prove", "cluster": cluster}],
            "users": [{"name": "prove", "user": {"token": self.token}}],
            "contexts": [{"name": "prove", "context": {"cluster": "prove", "user": "prove"}}],
            "current-context": "prove",
        }


METRIC = re.compile(r"^(scheduler_\w+(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _opens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
