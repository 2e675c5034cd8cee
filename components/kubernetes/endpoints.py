"""How one platform component tells another where it listens inside the cluster."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ServiceEndpoint:
    """A Kubernetes Service and one of its ports. The name is the Service's, not that of the release."""

    name: str
    namespace: str
    port: int

    @property
    def host(self) -> str:
        """DNS name from any namespace of the cluster; without the cluster's domain, which can differ."""
        return f"{self.name}.{self.namespace}.svc"

    def url(self, path: str = "", scheme: str = "http") -> str:
        """``http://name.namespace.svc:port`` and ``path``, which starts with a slash when given."""
        return f"{scheme}://{self.host}:{self.port}{path}"
