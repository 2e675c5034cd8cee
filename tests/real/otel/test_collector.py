"""The generated configurations in a real collector: each passes its own validation. Guide 2.7."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.images import OTEL_COLLECTOR
from tests.harness import CASES, captured, plan, releases
from tests.real import programs
from tools import go_tool

COLLECTORS = ("otel-collector", "otel-logs")


ENVIRONMENT = {
    # the signer wants credentials at once; these are nobody's, and the machine's are not asked for
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def configurations(stack: str, cloud: str) -> dict[str, Any]:
    """Release -> the collector's configuration."""
    found: Any = releases(captured(stack, cloud))
    return {name: found[name]["values"]["alternateConfig"] for name in COLLECTORS if name in found}


def validate(config: object, directory: Path) -> subprocess.CompletedProcess[str]:
    """As the chart writes it: JSON is YAML too."""
    file = directory / "config.yaml"
    file.write_text(json.dumps(config))
    argv = [programs.otelcol(), "validate", f"--config=file:{file}"]
    return subprocess.run(argv, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(("stack", "cloud"), CASES)
def test_every_configuration_is_valid(stack: str, cloud: str, tmp_path: Path) -> None:
    found = configurations(stack, cloud)
    assert "otel-collector" in found
    for name, config in found.items():
        done = validate(config, tmp_path)
        assert done.returncode == 0, f"{name}: {done.stderr[-2000:]}"


def test_every_pod_is_heard_once() -> None:
    """An agent of ours where the cloud has none."""
    assert {cloud for stack, cloud in CASES if "otel-logs" in configurations(stack, cloud)} == {"aws"}


def test_what_is_wrong_is_refused(tmp_path: Path) -> None:
    """The validation above can fail: an unknown key, an unknown component, a pipeline without its
    exporter."""
    config = configurations("large", "aws")["otel-collector"]
    for change, complaint in (
        ({"receivers": {**config["receivers"], "otlp": {"protocol": {}}}}, "protocol"),
        ({"processors": {**config["processors"], "no_such": {}}}, "no_such"),
        ({"exporters": {}}, "exporter"),
    ):
        done = validate({**config, **change}, tmp_path)
        assert done.returncode != 0
        assert complaint in done.stderr


def test_the_collector_is_the_images_version() -> None:
    """Every component's module has the version of the pinned image."""
    text = (go_tool.HERE / "otelcol" / "go.mod").read_text()
    direct = text[text.index("require (") : text.index(")")]
    versions = set(
        re.findall(r"(?:exporter|extension|processor|receiver|otelcol)\S* v(0\.\d+\.\d+)$", direct, re.M)
    )
    assert versions == {OTEL_COLLECTOR.tag}


def test_the_larger_tiers_decide_by_whole_traces() -> None:
    """Tail sampling is what the specification says, and spans are handed to the replica that decides."""
    for stack, cloud in CASES:
        kept = plan(stack, cloud).platform.observability.trace_kept_percent
        assert ("tail_sampling" in configurations(stack, cloud)["otel-collector"]["processors"]) is (
            kept is not None
        )
