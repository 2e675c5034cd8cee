"""Stack files: strict YAML, every mistake one message, secrets never read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.settings import SECRET, ConfigError
from infra.stackfile import namespace_values, read, read_text, stack_path, stacks
from infra.yamlfile import parse
from sizing.guide.cells import Tier
from tests.harness import ROOT

NAME = "Pulumi.mine.yaml"
TIER = "config:\n  ai-gateway:tier: small\n"


def _bomb(form: str, wide: int = 9) -> str:
    """A list of nine lines' meaning: each entry is nine times the one before."""
    entries = ["&a0 {x: 1}"]
    entries += [f"&a{n} {form.format(', '.join([f'*a{n - 1}'] * wide))}" for n in range(1, 9)]
    return f"[{', '.join(entries)}]"


WRONG: dict[str, tuple[str, str, str, str]] = {
    # what: (text, path, part of the limit, part of the remedy)
    "empty": ("", "stack file", "empty", "ai-gateway:tier"),
    "comments only": ("# later\n", "stack file", "empty", "ai-gateway:tier"),
    "a list": ("- config\n", "stack file", "not a mapping", "config:"),
    "a word": ("large\n", "stack file", "not a mapping", "config:"),
    "open bracket": ("config: [\n", "stack file", "not YAML at line", "Correct the line"),
    "a tab": ("config:\n\tai-gateway:tier: small\n", "stack file", "not YAML at line 2", "Correct the line"),
    "a control character": ("config: \x01\n", "stack file", "not YAML", "Correct the line"),
    "a key that is null": ("config:\n  null: 3\n", "config", "an empty key", "take it out"),
    "a null key of an object": (
        f"{TIER}  ai-gateway:litellm: {{null: 3}}\n",
        "litellm",
        "an empty key",
        "take it out",
    ),
    "two documents": (f"{TIER}---\n{TIER}", "stack file", "more than one document", "Leave one"),
    "a tag of Python": (
        "config: !!python/object:os.system {}\n",
        "stack file",
        "not YAML",
        "Correct the line",
    ),
    "an unknown alias": ("config: *nobody\n", "stack file", "not YAML at line 1", "Correct the line"),
    "a day that is none": (
        "config:\n  ai-gateway:tier: 2026-13-41\n",
        "stack file",
        "not YAML: month",
        "quotes",
    ),
    "an object inside itself": (
        f"{TIER}  ai-gateway:litellm: &l {{replicas: *l}}\n",
        "*l",
        "part of what it stands for",
        "Write the values out",
    ),
    "a merge with itself": (f"{TIER}  ai-gateway:tags: &l {{<<: *l}}\n", "*l", "part of", "Write the"),
    "tags without end": (f"{TIER}  ai-gateway:tags: {_bomb('[{}]')}\n", "stack file", "20,000", "Write the"),
    "merges without end": (
        f"{TIER}  ai-gateway:tags: {_bomb('{{<<: [{}]}}')}\n",
        "stack file",
        "20,000",
        "Write the",
    ),
    "duplicate key": (
        f"{TIER}  ai-gateway:tier: large\n",
        "ai-gateway:tier",
        "twice, the second time at line 3",
        "Keep one",
    ),
    "duplicate inside": (
        f"{TIER}  ai-gateway:litellm:\n    replicas: 2\n    replicas: 3\n",
        "replicas",
        "line 5",
        "Keep one",
    ),
    "duplicate at the top": (f"{TIER}config: {{}}\n", "config", "twice", "Keep one"),
    "unknown at the top": (
        f"confg:\n  a: 1\n{TIER}",
        "confg",
        "not a key of a stack file",
        "Did you mean config?",
    ),
    "no configuration": ("encryptionsalt: v1:x\n", "config", "configures nothing", "ai-gateway:tier"),
    "empty configuration": ("config:\n", "config", "configures nothing", "ai-gateway:tier"),
    "a list of configuration": ("config: [a]\n", "config", "configures nothing", "ai-gateway:tier"),
    "no namespace": (f"{TIER}  region: us-east-1\n", "region", "without a namespace", "ai-gateway:region"),
    "a number for a key": (f"{TIER}  7: 1\n", "7", "without a namespace", "ai-gateway:7"),
    "only others'": ("config:\n  aws:region: us-east-1\n", "tier", "missing", "small"),
    "a number inside": (f"{TIER}  ai-gateway:litellm: {{7: 1}}\n", "litellm", "", ""),
}


@pytest.mark.parametrize(("text", "path", "limit", "remedy"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_one_message(text: str, path: str, limit: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_text(text, NAME)
    assert caught.value.path.startswith(path)
    assert limit in caught.value.limit
    assert remedy in caught.value.remedy
    assert "\n" not in str(caught.value)


@given(st.one_of(st.text(max_size=60), st.text(alphabet="config:ai-gateway{}[]&*!|>-? \n#'\"1", max_size=80)))
def test_any_text_is_settings_or_one_error(text: str) -> None:
    """Any exception but ConfigError fails the test."""
    for candidate in (text, f"{TIER}  {text}", f"{TIER}  ai-gateway:litellm: {text}"):
        try:
            found = read_text(candidate, NAME)
        except ConfigError:
            continue
        assert found.tier in Tier


def test_nesting_without_end_is_an_error_too() -> None:
    with pytest.raises(ConfigError):
        read_text("[" * 500, NAME)


def test_pulumis_own_keys_may_stand_in_the_file() -> None:
    stack = read_text(
        f"secretsprovider: awskms://alias/x\nencryptedkey: AAA\nenvironment: [base]\n{TIER}", NAME
    )
    assert stack.tier is Tier.SMALL


def test_other_namespaces_are_left_alone() -> None:
    document = parse(f"{TIER}  aws:region: eu-west-1\n  pulumi:tags: {{a: b}}\n", NAME)
    assert namespace_values(document, NAME) == {"tier": "small"}


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("region", "{secure: v1:c2VjcmV0}", "region"),
        ("litellm", "{secure: v1:c2VjcmV0}", "litellm"),
        ("vllm", "{hfTokenSecret: {secure: v1:c2VjcmV0}}", "vllm.hfTokenSecret"),
        (
            "litellm",
            "{externalModels: [{name: {secure: v1:c2VjcmV0}, model: openai/x}]}",
            "litellm.externalModels[0].name",
        ),
    ],
)
def test_an_encrypted_value_is_refused_and_never_shown(key: str, value: str, path: str) -> None:
    """It would end up in Helm values: the keys take names of secrets."""
    with pytest.raises(ConfigError, match="names of secrets only") as caught:
        read_text(f"{TIER}  ai-gateway:{key}: {value}\n", NAME)
    assert "c2VjcmV0" not in str(caught.value)
    assert (caught.value.path, caught.value.value) == (path, SECRET)


def test_others_may_have_encrypted_values() -> None:
    assert read_text(f"{TIER}  aws:token: {{secure: v1:x}}\n", NAME).tier is Tier.SMALL


def test_an_alias_may_repeat_an_object() -> None:
    text = (
        f"{TIER}  ai-gateway:litellm: {{cpu: &c {{request: '1', limit: '2'}}}}\n"
        "  ai-gateway:agentGateway: {cpu: *c}\n"
    )
    stack = read_text(text, NAME)
    assert stack.litellm.cpu == stack.agent_gateway.cpu
    assert stack.agent_gateway.cpu.limit == 2000


def test_json_is_read_as_pulumi_reads_it() -> None:
    stack = read_text(f"{TIER}  ai-gateway:litellm: '{{\"replicas\": 3}}'\n", NAME)
    assert stack.litellm.replicas == 3


def test_stacks_are_found_by_their_files(tmp_path: Path) -> None:
    for name in ("Pulumi.yaml", "Pulumi.b.yaml", "Pulumi.a.yaml", "Pulumi.c.json"):
        (tmp_path / name).write_text(TIER, encoding="utf-8")
    (tmp_path / "Pulumi.dir.yaml").mkdir()
    (tmp_path / "Pulumi.gone.yaml").symlink_to(tmp_path / "nowhere")
    assert stacks(tmp_path) == ["a", "b"]
    assert stack_path(tmp_path, "a") == tmp_path / "Pulumi.a.yaml"
    assert read(tmp_path, "b").tier is Tier.SMALL


PROJECT = """
name: ai-gateway
runtime: python
config:
  pulumi:tags: {value: {a: b}}
  ai-gateway:tier: {type: string}
  ai-gateway:region: {value: eu-west-1}
  ai-gateway:cloud: {type: string, default: aws}
  litellm: {value: {replicas: 7}}
  tags: {default: '{"team": "x"}'}
  aws:region: us-east-1
"""


def test_the_projects_values_stand_below_the_stacks(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "Pulumi.a.yaml").write_text(TIER, encoding="utf-8")
    (tmp_path / "Pulumi.b.yaml").write_text(
        f"{TIER}  ai-gateway:region: us-west-2\n  ai-gateway:litellm: {{workers: 1}}\n", encoding="utf-8"
    )
    first, second = read(tmp_path, "a"), read(tmp_path, "b")
    assert (first.region, first.litellm.replicas, first.tags) == ("eu-west-1", 7, {"team": "x"})
    assert (second.region, second.litellm.replicas, second.litellm.workers) == ("us-west-2", None, 1)


@pytest.mark.parametrize(
    ("text", "path", "limit"),
    [
        ("config: [", "project file", "not YAML"),
        ("", "project file", "empty"),
        ("config: 7\n", "config", "not an object in Pulumi.yaml"),
        ("config: {ai-gateway:regon: {value: x}}\n", "regon", "unknown key"),
        ("config: {ai-gateway:region: {value: x, secret: true}}\n", "region", "names of secrets only"),
        ("name: ai-gateway\nconfig: {region: {value: {secure: x}}}\n", "region", "names of secrets only"),
    ],
)
def test_a_project_file_that_cannot_be_used_is_one_message(
    tmp_path: Path, text: str, path: str, limit: str
) -> None:
    (tmp_path / "Pulumi.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "Pulumi.a.yaml").write_text(TIER, encoding="utf-8")
    with pytest.raises(ConfigError, match=limit) as caught:
        read(tmp_path, "a")
    assert caught.value.path == path


def test_values_below_environment_are_not_passed_over() -> None:
    values = "{values: {pulumiConfig: {ai-gateway:region: eu-west-1}}}"
    with pytest.raises(ConfigError, match="only Pulumi reads") as caught:
        read_text(f"{TIER}environment: {values}\n", NAME)
    assert caught.value.path == "ai-gateway:region"


def test_a_missing_stack_gets_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.large.yaml").write_text(TIER, encoding="utf-8")
    with pytest.raises(ConfigError, match="Did you mean large") as caught:
        read(tmp_path, "larg")
    assert (caught.value.path, caught.value.value) == ("stack", "larg")


def test_a_project_without_stacks_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--project") as caught:
        read(tmp_path, "large")
    assert str(tmp_path) in caught.value.remedy


@pytest.mark.parametrize("stack", ["../a", "a\0b", ""])
def test_names_that_are_no_files_are_no_stacks(tmp_path: Path, stack: str) -> None:
    with pytest.raises(ConfigError):
        read(tmp_path, stack)


def test_a_file_in_another_encoding_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.a.yaml").write_bytes(TIER.encode("utf-16"))
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path, "a")


@pytest.mark.parametrize("tier", list(Tier))
def test_the_stack_files_of_the_project_say_little(tier: Tier) -> None:
    """Tier, cloud and region: everything else comes from the model."""
    stack = read(ROOT, tier.value)
    assert stack.tier is tier
    assert stack.model_fields_set <= {"tier", "cloud", "region"}
