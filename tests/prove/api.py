"""A small client of the Kubernetes API: JSON over one kept connection, as much as these tests need."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

TIMEOUT_S = 60

Object = dict[str, Any]
"""A Kubernetes object, or an answer of the API."""


class ApiError(Exception):
    """The API refused a request. ``status`` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class Api:
    """Requests to one API server on loopback, with its self-made certificate and a bearer token."""

    def __init__(self, port: int, certificate: str, token: str) -> None:
        self._context = ssl.create_default_context(cafile=certificate)
        self._connection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=TIMEOUT_S, context=self._context
        )
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def close(self) -> None:
        self._connection.close()

    def request(self, method: str, path: str, body: object = None) -> bytes:
        """The answer's body. Raises ApiError when it is not a success, OSError when there is none."""
        text = None if body is None else json.dumps(body)
        try:
            return self._once(method, path, text)
        except http.client.RemoteDisconnected:  # the server had closed an idle connection
            if method == "POST":
                raise
            return self._once(method, path, text)

    def _once(self, method: str, path: str, text: str | None) -> bytes:
        try:
            self._connection.request(method, path, text, self._headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()  # the next request opens another
            raise
        if answer.status >= 300:
            raise ApiError(answer.status, content.decode()[:2000])
        return content

    def get(self, path: str, **query: str) -> Object:
        """The object or list at a path; ``query`` as the API names it."""
        answer: Object = json.loads(self.request("GET", f"{path}?{urlencode(query)}" if query else path))
        return answer

    def create(self, made: Mapping[str, Any]) -> None:
        """Create an object, in its own namespace when it names one."""
        self.request("POST", collection(made), made)

    def delete_all(self, path: str) -> None:
        """Delete every object of a collection at once, without waiting for anybody."""
        self.request("DELETE", path, {"gracePeriodSeconds": 0, "propagationPolicy": "Background"})


PLURALS = {
    "Namespace": "namespaces",
    "Node": "nodes",
    "Pod": "pods",
    "PersistentVolume": "persistentvolumes",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "Deployment": "deployments",
    "ReplicaSet": "replicasets",
    "StatefulSet": "statefulsets",
    "DaemonSet": "daemonsets",
    "Job": "jobs",
    "PriorityClass": "priorityclasses",
}


def collection(made: Mapping[str, Any]) -> str:
    """The path of the collection an object belongs to."""
    version = made["apiVersion"]
    root = f"/api/{version}" if version == "v1" else f"/apis/{version}"
    namespace = made["metadata"].get("namespace")
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{within}/{PLURALS[made['kind']]}"
