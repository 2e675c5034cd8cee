"""The authorities of RDS servers: real, self-signed, each the one its region's instances name."""

from __future__ import annotations

import hashlib
import re
import ssl
from importlib import resources

import pytest

from infra.clouds import CLOUDS
from sizing.clouds.aws.authority import authority
from sizing.clouds.aws.machines import PACKAGE
from sizing.tables import rows

TEXT = (resources.files(PACKAGE) / "catalog" / "rds-roots.pem").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^# (\S+) sha256 ([0-9a-f]+)$", TEXT, re.M)
UNKNOWN = {"ap-southeast-5", "ca-west-1", "ap-east-2", "ap-southeast-6", "ap-southeast-7", "mx-central-1"}
"""Regions whose root was found in one public copy only, or that are newer than the copies."""


def test_every_region_of_the_catalogue_but_the_unknown() -> None:
    regions = {row["region"] for row in rows(PACKAGE, "regions")}
    assert {region for region, _ in ENTRIES} == regions - UNKNOWN
    assert all(authority(region) is None for region in UNKNOWN)


@pytest.mark.parametrize(("region", "digest"), ENTRIES)
def test_a_root_is_its_regions_and_whole(region: str, digest: str) -> None:
    pem = authority(region)
    assert pem is not None
    assert hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest() == digest
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    (found,) = context.get_ca_certs()
    subject = {key: value for part in found["subject"] for key, value in part}  # type: ignore[misc]
    assert subject["commonName"] == f"Amazon RDS {region} Root CA RSA2048 G1"
    assert found["issuer"] == found["subject"]


def test_only_a_cloud_with_authorities_per_region_names_one() -> None:
    assert set(CLOUDS) == {"aws", "gcp"}
    assert authority("us-central1") is None
