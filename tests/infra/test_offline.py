"""The capture follows the engine's rules; each rule below was also observed with the engine itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pulumi
import pytest

from infra.graph import SECRET, UNKNOWN
from infra.offline import OfflineError, capture
from tests.infra.programs import DENY, PREFIX, Box, Thing, aws, find, take, urns, using

ROOT = Path(__file__).parents[2]
THING = "aws:x/thing:Thing"


def test_urns_carry_the_whole_chain_of_parents_and_stand_parent_first() -> None:
    def program() -> None:
        Box("outer", pulumi.ResourceOptions(providers=[aws()]), inner={"things": ["b"]})

    assert urns(take(program)) == [
        "pulumi:pulumi:Stack::shop-dev",
        "pulumi:providers:aws::main",
        "shop:x:Box::outer",
        f"shop:x:Box${THING}::outer-a",
        "shop:x:Box$shop:x:Box::outer-inner",
        f"shop:x:Box$shop:x:Box${THING}::outer-inner-b",
    ]


def test_a_duplicate_urn_is_an_error_that_names_it() -> None:
    def program() -> None:
        provider = aws()
        Thing("same", using(provider))
        Thing("same", using(provider))

    with pytest.raises(OfflineError) as caught:
        take(program)
    assert str(caught.value) == f"Duplicate resource URN '{PREFIX}{THING}::same'; try giving it a unique name"


def test_the_same_name_below_another_parent_is_no_duplicate() -> None:
    def program() -> None:
        provider = aws()
        box = Box("box", using(provider), things=[])
        Thing("same", using(provider))
        Thing("same", using(provider, parent=box))

    assert f"shop:x:Box${THING}::same" in urns(take(program))


def test_providers_go_down_to_children_and_grandchildren() -> None:
    def program() -> None:
        Box("outer", pulumi.ResourceOptions(providers={"aws": aws()}), inner={})

    graph = take(program)
    provider = f"{PREFIX}pulumi:providers:aws::main"
    assert find(graph, f"shop:x:Box$shop:x:Box${THING}::outer-inner-a").provider == provider
    assert find(graph, "shop:x:Box$shop:x:Box::outer-inner").providers == {"aws": provider}
    assert find(graph, "shop:x:Box::outer").provider is None
    assert find(graph, "pulumi:providers:aws::main").provider is None


def test_missing_providers_are_reported_together_in_the_engines_words() -> None:
    def program() -> None:
        Thing("second")
        Box("box", things=["first"])

    with pytest.raises(OfflineError) as caught:
        take(program)
    box, second = f"{PREFIX}shop:x:Box${THING}::box-first", f"{PREFIX}{THING}::second"
    assert str(caught.value) == (
        "2 faults:\n"
        f"- Default provider for 'aws' disabled. '{second}' must use an explicit provider.\n"
        f"- Default provider for 'aws' disabled. '{box}' must use an explicit provider."
    )


@pytest.mark.parametrize(
    ("setting", "refused"),
    [([], False), (["gcp"], False), ('["aws"]', True), (["gcp", " aws "], True), (["*"], True), ("", False)],
)
def test_only_disabled_default_providers_are_refused(setting: object, refused: bool) -> None:
    def program() -> None:
        Thing("thing")

    config = {"pulumi:disable-default-providers": setting}
    if refused:
        with pytest.raises(OfflineError, match="Default provider for 'aws' disabled"):
            take(program, config=config)
    else:
        assert find(take(program, config=config), f"{THING}::thing").provider is None


@pytest.mark.parametrize("setting", ["aws", {"aws": True}, [1]])
def test_a_malformed_list_of_disabled_providers_is_refused(setting: object) -> None:
    with pytest.raises(OfflineError, match="write a list of packages"):
        take(lambda: None, config={"pulumi:disable-default-providers": setting})


def test_protection_is_inherited_until_a_child_decides_otherwise() -> None:
    def program() -> None:
        provider = aws()
        box = Box("box", using(provider, protect=True, retain_on_delete=True), inner={})
        Thing("open", using(provider, parent=box, protect=False))
        Thing("outside", using(provider))

    graph = take(program)
    protected = {resource.name for resource in graph.resources if resource.protect}
    retained = {resource.name for resource in graph.resources if resource.retain_on_delete}
    assert protected == {"box", "box-a", "box-inner", "box-inner-a"}
    assert retained == {*protected, "open"}


def test_secrets_are_hidden_at_any_depth_of_inputs_and_outputs() -> None:
    def program() -> None:
        password = pulumi.Config().require_secret("password")
        nested = {"auth": {"users": ["root", password]}, "plain": 1.0}
        Thing("thing", using(aws()), values=nested, url=pulumi.Output.concat("x://", password))
        pulumi.export("all", {"deep": [password], "open": "yes"})

    graph = take(program, config={**DENY, "password": "hunter2"}, secret_keys=["password"])
    assert find(graph, f"{THING}::thing").inputs == {
        "url": SECRET,
        "values": {"auth": {"users": ["root", SECRET]}, "plain": 1},
    }
    assert graph.outputs == {"all": {"deep": [SECRET], "open": "yes"}}
    assert "hunter2" not in graph.to_json()


def test_outputs_that_a_resource_calls_secret_stay_secret_while_unknown() -> None:
    def program() -> None:
        opts = using(aws(), additional_secret_outputs=["arn"])
        Thing("user", using(aws2()), token=Thing("thing", opts).arn)

    def aws2() -> pulumi.ProviderResource:
        return pulumi.ProviderResource("aws", "second", {})

    for preview in (True, False):
        assert find(take(program, preview=preview), f"{THING}::user").inputs == {"token": SECRET}


def test_what_a_deployment_would_tell_is_unknown_and_apply_on_it_does_not_run() -> None:
    seen: list[str] = []

    def program() -> None:
        provider = aws()
        first = Thing("first", using(provider), size=2)
        first.arn.apply(seen.append)
        Thing("second", using(provider), of=first.arn, id_=first.id, size=first.arn.apply(len))

    graph = take(program)
    assert find(graph, f"{THING}::second").inputs == {"id_": UNKNOWN, "of": UNKNOWN, "size": UNKNOWN}
    assert seen == []


def test_depends_on_a_component_means_all_that_is_in_it() -> None:
    def program() -> None:
        provider = aws()
        box = Box("box", using(provider), things=["a", "b"], inner={"things": ["c"]})
        Thing("last", using(provider, depends_on=[box]))

    names = {urn.rpartition("::")[2] for urn in find(take(program), f"{THING}::last").depends_on}
    assert names == {"box-a", "box-b", "box-inner-c"}


def test_dependencies_come_from_inputs_too_and_name_the_input() -> None:
    def program() -> None:
        provider = aws()
        first = Thing("first", using(provider))
        Thing("second", using(provider), deep={"list": [first.arn]}, size=1)

    second = find(take(program), f"{THING}::second")
    first = f"{PREFIX}{THING}::first"
    assert second.depends_on == (first,)
    assert second.property_depends_on == {"deep": (first,)}


def test_options_are_captured() -> None:
    def program() -> None:
        options = using(
            aws(),
            delete_before_replace=True,
            ignore_changes=["tags", "size"],
            replace_on_changes=["zone"],
            import_="id-1",
            custom_timeouts=pulumi.CustomTimeouts(create="30m"),
            additional_secret_outputs=["size", "arn"],
            aliases=[pulumi.Alias(name="old"), pulumi.Alias(type_="aws:x/part:Part", name="older")],
        )
        Thing("thing", options)

    thing = find(take(program), f"{THING}::thing")
    assert thing.delete_before_replace
    assert thing.ignore_changes == ("size", "tags")
    assert thing.replace_on_changes == ("zone",)
    assert thing.import_id == "id-1"
    assert thing.custom_timeouts == {"create": "30m"}
    assert thing.additional_secret_outputs == ("arn", "size")
    assert thing.aliases == (f"{PREFIX}{THING}::old", f"{PREFIX}aws:x/part:Part::older")


def test_an_alias_of_a_component_renames_its_children_too() -> None:
    def program() -> None:
        Box("new", using(aws(), aliases=[pulumi.Alias(name="old")]), inner={})

    graph = take(program)
    assert find(graph, f"shop:x:Box${THING}::new-a").aliases == (f"{PREFIX}shop:x:Box${THING}::old-a",)
    inner = find(graph, f"shop:x:Box$shop:x:Box${THING}::new-inner-a")
    assert inner.aliases == (f"{PREFIX}shop:x:Box$shop:x:Box${THING}::old-inner-a",)


def test_an_exception_of_the_program_comes_out_as_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    fault = LookupError("no such tier")

    def program() -> None:
        Box("box", using(aws()))
        raise fault

    with pytest.raises(LookupError) as caught:
        take(program)
    assert caught.value is fault
    assert capfd.readouterr() == ("", "")


def test_an_exception_behind_apply_comes_out_too_without_noise(capfd: pytest.CaptureFixture[str]) -> None:
    def explode(_: object) -> None:
        raise LookupError("inside apply")

    def program() -> None:
        provider = aws()
        first = Thing("first", using(provider), value=pulumi.Output.from_input("x").apply(explode))
        Thing("next", using(provider, parent=first), value=first.arn)

    with pytest.raises(LookupError, match="inside apply"):
        take(program)
    assert capfd.readouterr() == ("", "")


def test_a_program_that_never_ends_is_an_error_not_a_hang() -> None:
    async def waits() -> None:
        Thing("thing", using(aws()))
        await asyncio.get_running_loop().create_future()

    def waits_for_an_input() -> None:
        Thing(
            "thing", using(aws()), value=pulumi.Output.from_input(asyncio.get_running_loop().create_future())
        )
        pulumi.runtime.register_resource_transform(lambda _: None)  # waits, pumping the event loop itself

    for program in (waits, waits_for_an_input):
        with pytest.raises(OfflineError, match=r"did not end within 0\.3 s .* something it waits for"):
            take(program, timeout=0.3)
    assert len(take(lambda: None).resources) == 1


def test_programs_may_be_coroutines() -> None:
    async def program() -> None:
        await asyncio.sleep(0)
        Thing("thing", using(aws()))

    assert f"{THING}::thing" in urns(take(program))


def test_a_capture_runs_beside_a_running_event_loop() -> None:
    async def caller() -> int:
        return len(take(lambda: None).resources)

    assert asyncio.run(caller()) == 1


def test_captures_do_not_leave_traces_in_each_other_or_in_the_caller() -> None:
    def program() -> None:
        Box("box", using(aws()), inner={})
        pulumi.export("who", f"{pulumi.get_project()}/{pulumi.get_stack()}")

    before = (pulumi.get_project(), pulumi.get_stack(), pulumi.runtime.is_dry_run())
    graphs = [
        capture(program, project=project, stack="s", config=DENY, preview=preview)
        for project, preview in (("a", True), ("b", False), ("a", True))
    ]
    assert [graph.outputs["who"] for graph in graphs] == ["a/s", "b/s", "a/s"]
    assert graphs[0].to_json() == graphs[2].to_json() != graphs[1].to_json()
    assert (pulumi.get_project(), pulumi.get_stack(), pulumi.runtime.is_dry_run()) == before


SCRIPT = """
import pulumi
from tests.infra.programs import *
def program():
    provider = aws()
    boxes = [Box(f"box{n}", using(provider), things=list("abc"), inner={}) for n in range(5)]
    first = {box.things[0]._name: box.things[0].arn for box in boxes}
    Thing("last", using(provider, depends_on=boxes), all=first, ratio=1.5, count=3.0, text="\\u20ac")
    pulumi.export("ids", [box.things[1].id for box in boxes])
print(take(program).to_json())
"""


def test_the_bytes_depend_on_nothing_but_the_program() -> None:
    surroundings = (
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "4242", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "AWS_REGION": "eu-west-1"},
    )
    texts: set[bytes] = set()
    for changes in surroundings:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **changes}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, cwd=ROOT, capture_output=True, check=True
        )
        assert done.stderr == b""
        texts.add(done.stdout)
    assert len(texts) == 1
    assert b'"count": 3,' in texts.pop()


def test_importing_the_package_loads_neither_pulumi_nor_a_provider() -> None:
    code = "import sys, infra.offline, infra.graph; print([m for m in sys.modules if m.startswith('pulumi')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    assert done.stdout == "[]\n"
