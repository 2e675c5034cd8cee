"""What is switched off, and which policies guard it: exactly those."""

from __future__ import annotations

import json

from tests.policy.mutations import GONE, Change

RELEASE = "kubernetes:helm.sh/v3:Release"
EKS, GKE = "eks:index:Cluster", "gcp:container/cluster:Cluster"
RDS, SQL = "aws:rds/instance:Instance", "gcp:sql/databaseInstance:DatabaseInstance"
VALKEY, REDIS = "aws:elasticache/replicationGroup:ReplicationGroup", "gcp:redis/cluster:Cluster"
BUCKET, GCS = "aws:s3/bucket:Bucket", "gcp:storage/bucket:Bucket"
TEMPLATE, POOL = "aws:ec2/launchTemplate:LaunchTemplate", "gcp:container/nodePool:NodePool"
CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
ROLE = "aws:iam/rolePolicy:RolePolicy"
KEYS, TLS, TAGS = ("own-keys",), ("encrypted-connections",), ("tags",)
VERIFIED, JOB = ("verified-database",), "kubernetes:batch/v1:Job"
_ENV = "spec/template/spec/containers/0/env"
BACKUPS, DELETION, PROTECT = ("backups",), ("deletion-protection",), ("pulumi-protect",)
MULTI_AZ, SIZES, API = ("multi-az",), ("sizes-from-guide",), ("api-allow-listed",)
BUCKETS, PRIVATE, METADATA = ("no-public-buckets",), ("private-services",), ("instance-metadata",)
PRIVILEGE, SECRETS = ("least-privilege",), ("no-plain-secrets",)


def statement(action: object, resource: object, **more: object) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}]})


EVERYBODY = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}]})
_SSE = "rules/0/applyServerSideEncryptionByDefault"
_SNAPSHOTS = "cloud-storage-vault-snapshots"
_BACKUP = "settings/backupConfiguration"


def _without_check(env: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{**e, "value": "require"} if e["name"] == "PGSSLMODE" else e for e in env]


AWS = (
    Change("aws:cloudwatch/logGroup:LogGroup", "kmsKeyId", GONE, KEYS),
    Change(TEMPLATE, "blockDeviceMappings/0/ebs/encrypted", "false", KEYS),
    Change(TEMPLATE, "blockDeviceMappings/0/ebs/kmsKeyId", GONE, KEYS),
    Change(EKS, "encryptionConfigKeyArn", GONE, KEYS),
    Change(VALKEY, "atRestEncryptionEnabled", False, KEYS),
    Change(VALKEY, "kmsKeyId", "alias/aws/elasticache", KEYS),
    Change(RDS, "storageEncrypted", False, KEYS),
    Change(RDS, "kmsKeyId", GONE, KEYS),
    Change(RDS, "performanceInsightsKmsKeyId", GONE, KEYS),
    Change("aws:secretsmanager/secret:Secret", "kmsKeyId", GONE, KEYS),
    Change(CLASS, "parameters/kmsKeyId", GONE, KEYS),
    Change(CLASS, "parameters/encrypted", "false", KEYS),
    Change("aws:kms/key:Key", "enableKeyRotation", False, ("key-rotation",)),
    Change(RDS, "publiclyAccessible", True, PRIVATE),
    Change("aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch", True, PRIVATE, name="*-data-*"),
    Change(EKS, "endpointPublicAccess", True, API),
    Change(EKS, "endpointPublicAccess", GONE, API),
    Change(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "cidrIpv4", "0.0.0.0/0", API, "*-api-*"
    ),
    Change("eks:index:ManagedNodeGroup", "launchTemplate", GONE, METADATA),
    Change(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "cidrIpv4", "0.0.0.0/1", API, "*-api-*"
    ),
    Change("aws:ec2/securityGroup:SecurityGroup", "ingress", [{"cidrBlocks": ["0.0.0.0/0"]}], API),
    Change("aws:ec2/securityGroup:SecurityGroup", "ingress", [{"ipv6CidrBlocks": ["2000::/3"]}], API),
    Change(BUCKET, "acl", "public-read", BUCKETS),
    Change(VALKEY, "authTokenWo", GONE, PRIVATE),
    Change("aws:kms/key:Key", "policy", statement("kms:*", "*", Principal="*"), PRIVILEGE),
    Change("aws:kms/key:Key", "policy", statement("kms:*", "*", Principal={"AWS": ["*"]}), PRIVILEGE),
    Change(
        "aws:iam/role:Role", "managedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"], PRIVILEGE
    ),
    Change("aws:iam/role:Role", "inlinePolicies", [{"policy": statement("*", "*")}], PRIVILEGE),
    Change(
        "aws:iam/role:Role", "assumeRolePolicy",
        statement("sts:AssumeRoleWithWebIdentity", "*", Principal={"Federated": "*"}), PRIVILEGE,
    ),
    Change(ROLE, "policy", statement(["iam:P*"], "*"), PRIVILEGE, "cloud-identity-vllm"),
    Change(ROLE, "policy", statement("*:*", "*"), PRIVILEGE, "cloud-identity-vllm"),
    Change(ROLE, "policy", statement("s3:*", "arn:aws:s3:::*"), PRIVILEGE, "cloud-identity-vllm"),
    Change(TEMPLATE, "metadataOptions/httpTokens", "optional", METADATA),
    Change(TEMPLATE, "metadataOptions/httpPutResponseHopLimit", 2, METADATA),
    Change(RDS, "deletionProtection", False, DELETION),
    Change(EKS, "deletionProtection", GONE, DELETION),
    Change("aws:kms/key:Key", "deletionWindowInDays", GONE, DELETION),
    Change("aws:secretsmanager/secret:Secret", "recoveryWindowInDays", 0, DELETION),
    Change(BUCKET, "forceDestroy", True, DELETION),
    *(
        Change(type_, "@protect", False, PROTECT, name)
        for type_, name in (
            (RDS, "*"), (VALKEY, "*"), (EKS, "*"), ("aws:kms/key:Key", "*"), (BUCKET, _SNAPSHOTS),
            ("aws:secretsmanager/secret:Secret", "*"),
        )
    ),
    Change(CLASS, "reclaimPolicy", "Delete", PROTECT),
    Change(RDS, "backupRetentionPeriod", 1, BACKUPS),
    Change(RDS, "skipFinalSnapshot", True, BACKUPS),
    Change(RDS, "finalSnapshotIdentifier", GONE, BACKUPS),
    Change(RDS, "deleteAutomatedBackups", GONE, BACKUPS),
    Change(VALKEY, "snapshotRetentionLimit", 0, BACKUPS),
    Change(VALKEY, "finalSnapshotIdentifier", GONE, BACKUPS),
    Change(
        "aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration/status", "Suspended", BACKUPS
    ),
    Change(RDS, "multiAz", False, MULTI_AZ, "cloud-postgres", "medium"),
    Change(VALKEY, "multiAzEnabled", False, MULTI_AZ, stack="medium"),
    Change(VALKEY, "automaticFailoverEnabled", False, MULTI_AZ, stack="medium"),
    Change(RDS, "allocatedStorage", 20, SIZES),
    Change(RDS, "instanceClass", "db.t3.micro", SIZES),
    Change(VALKEY, "nodeType", "cache.t4g.micro", SIZES),
    Change(VALKEY, "replicasPerNodeGroup", 0, (*MULTI_AZ, *SIZES), stack="medium"),
    Change(VALKEY, "durability", GONE, SIZES, stack="medium"),
    Change(VALKEY, "durability", "async", SIZES, stack="enterprise"),
    Change(RDS, "iops", GONE, SIZES, "cloud-postgres", "enterprise"),
    Change(RDS, "storageType", "gp2", SIZES, "cloud-postgres"),
    Change(RDS, "maxAllocatedStorage", GONE, SIZES, "cloud-postgres"),
    Change("eks:index:ManagedNodeGroup", "scalingConfig/minSize", 0, SIZES, "*-cpu-*"),
    Change("eks:index:ManagedNodeGroup", "scalingConfig/maxSize", 0, SIZES),
    Change("eks:index:ManagedNodeGroup", "instanceTypes", ["t3.micro"], SIZES),
    Change(VALKEY, "transitEncryptionEnabled", False, TLS),
    Change(VALKEY, "transitEncryptionMode", "preferred", TLS),
    Change("aws:rds/parameterGroup:ParameterGroup", "parameters", [], TLS),
    Change(RDS, "parameterGroupName", GONE, TLS),
    Change("aws:s3/bucketPolicy:BucketPolicy", "policy", statement("s3:GetObject", "arn:x"), TLS),
    Change("aws:s3/bucketPolicy:BucketPolicy", "policy", EVERYBODY, (*BUCKETS, *TLS)),
    Change(ROLE, "policy", "{no JSON", PRIVILEGE, "cloud-identity-vllm"),
    Change(ROLE, "policy", "[" * 100_000, PRIVILEGE, "cloud-identity-vllm"),
    Change(ROLE, "policy", " " + statement("s3:*", "*"), PRIVILEGE, "cloud-identity-vllm"),
    Change(RDS, "allocatedStorage", -(10**400), SIZES),
    Change(ROLE, "policy", statement("s3:*", "*"), PRIVILEGE, "cloud-identity-vllm"),
    Change(ROLE, "policy", statement(["s3:GetObject", "*"], "arn:x"), PRIVILEGE, "cloud-identity-vllm"),
    Change(
        ROLE, "policy", json.dumps({"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}),
        PRIVILEGE, "cloud-identity-vllm",
    ),
    Change(
        "aws:iam/role:Role", "assumeRolePolicy",
        statement("sts:AssumeRole", "*", Principal={"AWS": "*"}), PRIVILEGE,
    ),
    Change(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "policyArn",
        "arn:aws:iam::aws:policy/AdministratorAccess", PRIVILEGE,
    ),
    Change("aws:kms/key:Key", "tags/stack", GONE, TAGS),
    Change(EKS, "tags", {}, TAGS),
    Change("aws:eks/addon:Addon", "addonVersion", GONE, ("pinned-charts",)),
    Change(JOB, f"{_ENV}/3/value", "require", VERIFIED, "litellm-migrate"),
    Change(JOB, f"{_ENV}/3", {}, VERIFIED, "litellm-migrate"),
)  # fmt: skip
"""On the first size unless a later one has what is switched off."""

GCP = (
    Change(GKE, "databaseEncryption/state", "DECRYPTED", KEYS),
    Change(GKE, "nodeConfig/bootDiskKmsKey", GONE, KEYS),
    Change(POOL, "nodeConfig/bootDiskKmsKey", GONE, KEYS),
    Change(REDIS, "kmsKey", GONE, KEYS),
    Change(
        "gcp:secretmanager/secret:Secret",
        "replication/userManaged/replicas/0/customerManagedEncryption", GONE, KEYS,
    ),
    Change(SQL, "encryptionKeyName", GONE, KEYS),
    Change(GCS, "encryption", GONE, KEYS),
    Change(CLASS, "parameters/disk-encryption-kms-key", GONE, KEYS),
    Change("gcp:kms/cryptoKey:CryptoKey", "rotationPeriod", GONE, ("key-rotation",)),
    Change(GCS, "publicAccessPrevention", "inherited", BUCKETS),
    Change(GCS, "uniformBucketLevelAccess", False, BUCKETS),
    Change(
        "gcp:storage/bucketIAMMember:BucketIAMMember", "member", "allUsers", (*BUCKETS, *PRIVILEGE), "*vllm*"
    ),
    Change(SQL, "settings/ipConfiguration/ipv4Enabled", True, PRIVATE),
    Change(GKE, "privateClusterConfig/enablePrivateNodes", False, PRIVATE),
    Change(POOL, "networkConfig/enablePrivateNodes", False, PRIVATE),
    Change(GKE, "masterAuthorizedNetworksConfig", GONE, API),
    Change(GKE, "masterAuthorizedNetworksConfig/cidrBlocks/0/cidrBlock", "0.0.0.0/0", API),
    Change(GKE, "masterAuthorizedNetworksConfig/gcpPublicCidrsAccessEnabled", True, API),
    Change(GKE, "controlPlaneEndpointsConfig/dnsEndpointConfig/allowExternalTraffic", True, API),
    Change("gcp:compute/firewall:Firewall", "sourceRanges", ["0.0.0.0/0"], API, "*-webhooks"),
    Change(POOL, "nodeConfig/workloadMetadataConfig/mode", "GCE_METADATA", METADATA),
    Change(POOL, "nodeConfig/metadata", GONE, METADATA),
    Change(GKE, "deletionProtection", False, DELETION),
    Change(SQL, "deletionProtection", False, DELETION),
    Change(SQL, "settings/deletionProtectionEnabled", False, DELETION),
    Change(REDIS, "deletionProtectionEnabled", False, DELETION),
    Change("gcp:secretmanager/secret:Secret", "deletionProtection", False, DELETION),
    Change("gcp:kms/cryptoKey:CryptoKey", "deletionPolicy", GONE, DELETION),
    Change(GCS, "forceDestroy", True, DELETION),
    *(Change(type_, "@protect", False, PROTECT) for type_ in (SQL, REDIS, GKE, "gcp:kms/keyRing:KeyRing")),
    Change(SQL, f"{_BACKUP}/enabled", False, BACKUPS),
    Change(SQL, f"{_BACKUP}/pointInTimeRecoveryEnabled", False, BACKUPS),
    Change(SQL, f"{_BACKUP}/backupRetentionSettings/retainedBackups", 1, BACKUPS),
    Change(SQL, "settings/finalBackupConfig/enabled", False, BACKUPS),
    Change(GKE, "addonsConfig/gkeBackupAgentConfig/enabled", False, BACKUPS, stack="large"),
    Change(REDIS, "authorizationMode", "AUTH_MODE_DISABLED", PRIVATE),
    Change(SQL, "settings/retainBackupsOnDelete", GONE, BACKUPS),
    Change(REDIS, "automatedBackupConfig", GONE, BACKUPS),
    Change(GCS, "versioning/enabled", False, BACKUPS, _SNAPSHOTS),
    Change(
        "gcp:gkebackup/backupPlan:BackupPlan", "backupConfig/includeVolumeData", False, BACKUPS, stack="large"
    ),
    Change("gcp:gkebackup/backupPlan:BackupPlan", "backupConfig/encryptionKey", GONE, KEYS, stack="large"),
    Change(SQL, "settings/availabilityType", "ZONAL", MULTI_AZ, "cloud-postgres", "medium"),
    Change(REDIS, "zoneDistributionConfig", {"mode": "SINGLE_ZONE"}, MULTI_AZ, stack="medium"),
    Change(POOL, "nodeLocations", ["us-central1-a"], MULTI_AZ),
    Change(GKE, "nodeLocations", ["us-central1-a"], MULTI_AZ),
    Change(GKE, "location", "us-central1-a", MULTI_AZ),
    Change(REDIS, "replicaCount", 0, (*MULTI_AZ, *SIZES), stack="medium"),
    Change(REDIS, "persistenceConfig", {"mode": "DISABLED"}, SIZES, stack="medium"),
    Change(REDIS, "persistenceConfig/aofConfig/appendFsync", "NEVER", SIZES, stack="medium"),
    Change(POOL, "autoscaling/totalMaxNodeCount", 1, SIZES, "*-cpu"),
    Change(POOL, "autoscaling/totalMinNodeCount", 0, SIZES),
    Change(POOL, "nodeConfig/machineType", "e2-micro", SIZES),
    Change(SQL, "settings/diskAutoresize", GONE, SIZES),
    Change(SQL, "settings/diskAutoresizeLimit", 20, SIZES),
    Change(SQL, "settings/diskType", "PD_HDD", SIZES),
    Change(SQL, "settings/diskSize", 10, SIZES),
    Change(SQL, "settings/tier", "db-f1-micro", SIZES),
    Change(REDIS, "nodeType", "REDIS_SHARED_CORE_NANO", SIZES),
    Change(REDIS, "transitEncryptionMode", "TRANSIT_ENCRYPTION_MODE_DISABLED", TLS),
    Change(SQL, "settings/ipConfiguration/sslMode", "ALLOW_UNENCRYPTED_AND_ENCRYPTED", TLS),
    Change("gcp:projects/iAMMember:IAMMember", "role", "roles/editor", PRIVILEGE),
    Change("gcp:projects/iAMMember:IAMMember", "role", "roles/storage.admin", PRIVILEGE),
    Change("gcp:serviceaccount/iAMMember:IAMMember", "member", "allAuthenticatedUsers", PRIVILEGE),
    Change(POOL, "nodeConfig/resourceLabels", {}, TAGS),
    Change(SQL, "settings/userLabels/stack", GONE, TAGS),
)  # fmt: skip

KUBERNETES = (
    Change(RELEASE, "values/config/pgbouncer/server_tls_sslmode", "require", VERIFIED, "*pgbouncer"),
    Change(RELEASE, "values/config/pgbouncer/server_tls_sslmode", GONE, VERIFIED, "*pgbouncer"),
    Change(JOB, _ENV, _without_check, VERIFIED, "database-bootstrap"),
    Change(RELEASE, "version", GONE, ("pinned-charts",)),
    Change(RELEASE, "version", ">=1.0", ("pinned-charts",)),
    Change(RELEASE, "values/image/tag", "latest", ("pinned-images",), "*pgbouncer"),
    Change(
        "kubernetes:batch/v1:Job", "spec/template/spec/containers/0/image", "docker.io/library/python",
        ("pinned-images",),
    ),
    Change(RELEASE, "values/password", "hunter2", SECRETS, "*pgbouncer"),
    Change(RELEASE, "values/password", "[secret]", SECRETS, "*pgbouncer"),
    *(
        Change(RELEASE, "values/probe", value, SECRETS, "*pgbouncer")
        for value in (
            {"pwd": "hunter2"}, {"DB_PASS": "hunter2"}, {"adminPass": "hunter2"}, {"OPENAI_KEY": "abc123"},
            {"secretKey": "abc123"}, {"passwords": ["hunter2"]}, ["--password=hunter2"],
            {"password": 12345678}, {"password_b64": "aHVudA=="},
            {"config": "general:\n  password: hunter2\n"}, {"password": "/hunter2"},
            {"Authorization": "Bearer abcdefghijkl"}, {"text": "Authorization: Bearer abcdefghijkl"},
            [{"name": "OPENAI_KEY", "value": "abc123"}], {"clientSecret": "abc123"},
            {"db.password": "hunter2"},
        )
    ),
    Change(RELEASE, "values/extraEnv", [{"name": "DB_PASSWORD", "value": "hunter2"}], SECRETS, "*pgbouncer"),
    Change(RELEASE, "values/url", "postgresql://u:hunter2@db:5432/x", SECRETS, "*pgbouncer"),
    Change(
        "kubernetes:gateway.networking.k8s.io/v1:Gateway", "spec/listeners/0/protocol", "HTTPS", TLS,
    ),
)  # fmt: skip
"""The same on every cloud."""

CASES = [("aws", case) for case in (*AWS, *KUBERNETES)] + [("gcp", case) for case in (*GCP, *KUBERNETES)]
