"""Wrong input: exit 2, one message with path, value, limit and remedy, no traceback, nothing on stdout."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run, assert_refused

TIER = "config:\n  ai-gateway:tier: small\n"
CONFIGURATIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "unknown tier": ("config:\n  ai-gateway:tier: huge\n", ("tier", '"huge"', "large")),
    "no tier": ("config:\n  ai-gateway:cloud: aws\n", ("tier", "missing", "small, medium")),
    "unknown key": (f"{TIER}  ai-gateway:zzz: 1\n", ("zzz", "unknown key", "Use one of")),
    "misspelt key": (
        f"{TIER}  ai-gateway:litelm: {{}}\n",
        ("litelm", "unknown key", "Did you mean litellm?"),
    ),
    "misspelt key inside": (
        f"{TIER}  ai-gateway:litellm: {{replica: 3}}\n",
        ("litellm.replica", "Did you mean replicas?"),
    ),
    "wrong type": (f"{TIER}  ai-gateway:litellm: {{replicas: many}}\n", ("litellm.replicas", '"many"')),
    "object expected": (f"{TIER}  ai-gateway:litellm: 3\n", ("litellm", "object")),
    "small CIDR": (f"{TIER}  ai-gateway:network: {{cidr: 10.0.0.0/26}}\n", ("network.cidr", "10.0.0.0/26")),
    "open API": (
        f"{TIER}  ai-gateway:network: {{apiAllowedCidrs: [0.0.0.0/0]}}\n",
        ("network.apiAllowedCidrs", "0.0.0.0/0"),
    ),
    "unknown region": (f"{TIER}  ai-gateway:region: us-moon-1\n", ("region", '"us-moon-1"', "us-")),
    "no replicas": (
        f"{TIER}  ai-gateway:litellm: {{replicas: 0}}\n",
        ("litellm.replicas", "0", "at least 1"),
    ),
    "too few nodes": (
        f"{TIER}  ai-gateway:vault: {{replicas: 5}}\n",
        ("nodes.cpu.desired", "3", "vault.replicas is 5", "at least 5"),
    ),
    "max below min": (
        f"{TIER}  ai-gateway:nodes: {{cpu: {{min: 4, max: 3}}}}\n",
        ("nodes.cpu", "max 3 is below min 4", "Raise max"),
    ),
    "unknown machine": (
        f"{TIER}  ai-gateway:nodes: {{cpu: {{machineType: m5.huge}}}}\n",
        ("nodes.cpu.machineType", '"m5.huge"', "m5."),
    ),
    "external model without a key": (
        f"{TIER}  ai-gateway:litellm: {{externalModels: [{{name: gpt, model: openai/gpt-4o}}]}}\n",
        ("litellm.externalModels[0].apiKeySecret", "(not set)", "needs a key"),
    ),
    "autoscaler's minimum above its maximum": (
        f"{TIER}  ai-gateway:litellm: {{replicas: 6, maxReplicas: 4}}\n",
        ("litellm.maxReplicas", "4", "below litellm.replicas, which is 6"),
    ),
    "budget that blocks every drain": (
        f"{TIER}  ai-gateway:litellm: {{maxUnavailable: 0}}\n",
        ("litellm.maxUnavailable", "0", "blocks every drain"),
    ),
    "unknown receiver": (
        f"{TIER}  ai-gateway:observability: {{alerts: {{critical: nobody}}}}\n",
        ("observability.alerts.critical", '"nobody"', "no receiver has this name"),
    ),
    "no domain": (
        f"{TIER}  ai-gateway:ingress: {{domain: 'https://llm.example.com'}}\n",
        ("ingress.domain", "is not a domain name", "llm.example.com"),
    ),
    "duplicate key": (
        f"{TIER}  ai-gateway:tier: large\n",
        ("ai-gateway:tier", "twice", "line 3", "Keep one"),
    ),
    "not YAML": ("config: [\n", ("stack file", "not YAML", "line")),
    "empty": ("", ("stack file", "empty", "ai-gateway:tier")),
    "no mapping": ("- a\n", ("stack file", "not a mapping")),
    "not text": ("config:\n  ai-gateway:tier: \x01\n", ("stack file", "not YAML")),
}


@pytest.mark.parametrize(("text", "fragments"), CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
@pytest.mark.parametrize("command", ["size", "findings", "preview"])
def test_configuration(
    gateway: Run, project: Path, command: str, text: str, fragments: tuple[str, ...]
) -> None:
    (project / "Pulumi.mine.yaml").write_text(text, encoding="utf-8")
    assert_refused(gateway(command, "mine", "--json", cwd=project), *fragments)


def test_a_stack_file_in_another_encoding(gateway: Run, project: Path) -> None:
    (project / "Pulumi.mine.yaml").write_bytes(b"config:\n  ai-gateway:tier: \xff\xfe\n")
    assert_refused(gateway("size", "mine", cwd=project), "cannot be read", "UTF-8")


def test_a_stack_file_that_is_none(gateway: Run, project: Path) -> None:
    (project / "Pulumi.dir.yaml").mkdir()
    (project / "Pulumi.link.yaml").symlink_to("nothing.yaml")
    assert_refused(gateway("size", "dir", cwd=project), "Pulumi.dir.yaml is a directory", "Name a stack file")
    assert_refused(gateway("size", "link", cwd=project), "Pulumi.link.yaml is a link to nothing", "Correct")
    refused = gateway("size", "dirs", cwd=project)
    assert_refused(refused, "no Pulumi.dirs.yaml", "mine")
    assert "dir?" not in refused.err


def test_a_directory_that_the_system_does_not_open(
    gateway: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", closed)
    refused = gateway("size", "mine", "--project", "closed", cwd=project)
    assert_refused(refused, "--project", "cannot be read: permission denied", "Permit it to yourself")


USAGE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "missing stack file": (("size", "yours"), ("stack", '"yours"', "no Pulumi.yours.yaml", "mine")),
    "nearly the name": (("preview", "mime"), ("Did you mean mine?",)),
    "path for a stack": (("size", "../mine"), ("stack", '"../mine"', "not the name of a stack")),
    "empty name": (("findings", ""), ("not the name of a stack",)),
    "endless name": (("size", "a" * 5000), ("not the name of a stack", "aaa...")),
    "file for a stack": (("size", "Pulumi.mine.yaml"), ("stack", '"Pulumi.mine.yaml"', "Did you mean mine?")),
    "endless operand": (
        ("diff", "a" * 5000, "mine"),
        ("preview", "cannot be read: file name too long", "shorter"),
    ),
    "endless file": (("upgrade", "mine", "b/" + "a" * 5000), ("preview", "file name too long")),
    "endless project": (("size", "mine", "--project", "a" * 5000), ("--project", "file name too long")),
    "no place to save": (
        ("preview", "mine", "--out", "nowhere/x.json"),
        ("--out", "cannot be written: no such file", "directory that exists"),
    ),
    "save to a directory": (("preview", "mine", "--out", "."), ("--out", "is a directory", "Name a file")),
    "no project": (("size", "mine", "--project", "nowhere"), ("--project", '"nowhere"', "not a directory")),
    "unknown cloud": (("size", "mine", "--cloud", "asw"), ("--cloud", '"asw"', "Did you mean aws?")),
    "unknown region": (("size", "mine", "--region", "eu-nowhere-9"), ("region", '"eu-nowhere-9"')),
    "unknown kind": (("findings", "mine", "--kind", "riks"), ("--kind", "'riks'", "'risk'")),
    "unknown option": (
        ("size", "mine", "--jsno"),
        ("no such option: --jsno", "--json", "gateway size --help"),
    ),
    "unknown command": (("sizes", "mine"), ("no such command 'sizes'", "Did you mean 'size'", "--help")),
    "no command": ((), ("no command", "size, fit, preview", "gateway --help")),
    "no stack": (("size",), ("missing argument 'STACK'", "gateway size --help")),
    "too many": (("size", "mine", "more"), ("extra argument", "more")),
    "option without value": (("size", "mine", "--cloud"), ("--cloud", "requires an argument")),
    "one side only": (("diff", "mine"), ("missing argument 'HEAD'", "gateway diff --help")),
    "all of JSON": (("preview", "mine", "--all", "--json"), ("--all", "nothing together with --json")),
    "two formats": (("diff", "mine", "mine", "--json", "--markdown"), ("--markdown", "--json")),
}


@pytest.mark.parametrize(("arguments", "fragments"), USAGE.values(), ids=USAGE.keys())
def test_usage(gateway: Run, project: Path, arguments: tuple[str, ...], fragments: tuple[str, ...]) -> None:
    assert_refused(gateway(*arguments, cwd=project), *fragments)


def test_a_value_is_shown_on_one_line_without_control_characters(gateway: Run, project: Path) -> None:
    result = gateway("size", "a\x1b[31m\nb", cwd=project)
    assert_refused(result, "\\u001b[31m\\n")
    assert "\x1b" not in result.err
    assert len(result.err.splitlines()) == 3


def test_a_shell_sees_the_same(shell: Run, project: Path) -> None:
    (project / "Pulumi.mine.yaml").write_text(
        f"{TIER}  ai-gateway:litellm: {{replicas: 0}}\n", encoding="utf-8"
    )
    assert_refused(shell("size", "mine", cwd=project), "litellm.replicas", "value   0", "at least 1")


@pytest.mark.parametrize("command", ["size", "quotas", "fit", "findings", "alerts", "preview"])
def test_a_name_that_no_resource_can_have(gateway: Run, project: Path, command: str) -> None:
    (project / "Pulumi.eu_west.yaml").write_text("config:\n  ai-gateway:tier: small\n", encoding="utf-8")
    assert_refused(gateway(command, "eu_west", "--json", cwd=project), "stack: ", "eu_west", "eu-west")
