"""Google Cloud: Compute Engine and GKE, Cloud SQL for PostgreSQL, Memorystore for Redis Cluster."""
