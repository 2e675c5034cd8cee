"""AWS: EC2 and EKS, RDS for PostgreSQL, ElastiCache for Valkey."""
