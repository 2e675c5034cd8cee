"""What a program asks of the engine besides resources: configuration, functions, logs, transforms."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from infra.graph import UNKNOWN
from infra.offline import OfflineError
from tests.infra.programs import DENY, PREFIX, Box, Thing, aws, find, take, urns, using

THING = "aws:x/thing:Thing"
REGION = "aws:index/getRegion:getRegion"


def test_configuration_arrives_as_from_a_stack_file() -> None:
    seen: list[object] = []

    def program() -> None:
        config = pulumi.Config()
        seen.extend([config.require("tier"), config.require_int("count"), config.require_bool("on")])
        seen.extend([config.require_object("nodes"), pulumi.Config("aws").require("region")])

    config = {"tier": "small", "count": 3, "shop:on": True, "nodes": {"min": 1}, "aws:region": "eu-west-1"}
    take(program, config=config)
    assert seen == ["small", 3, True, {"min": 1}, "eu-west-1"]


def test_a_function_nobody_answers_is_an_error_that_names_it() -> None:
    def program() -> None:
        pulumi.runtime.invoke("aws:ec2/getAmi:getAmi", {}, pulumi.InvokeOptions(provider=aws()))

    with pytest.raises(OfflineError, match=r"calls aws:ec2/getAmi:getAmi, which offline nobody answers"):
        take(program)


def test_an_unanswered_output_function_is_the_same_error() -> None:
    def program() -> None:
        found = pulumi.runtime.invoke_output(
            "aws:ec2/getAmi:getAmi", {}, pulumi.InvokeOptions(provider=aws())
        )
        pulumi.export("found", found)

    with pytest.raises(OfflineError, match=r"calls aws:ec2/getAmi:getAmi"):
        take(program)


def test_answers_can_be_given_and_the_region_is_the_providers() -> None:
    def program() -> None:
        options = pulumi.InvokeOptions(provider=aws("eu-west-1"))
        pulumi.export("region", pulumi.runtime.invoke(REGION, {}, options).value["region"])
        pulumi.export("image", pulumi.runtime.invoke("aws:ec2/getAmi:getAmi", {"a": 1}, options).value)

    answers: dict[str, Any] = {"aws:ec2/getAmi:getAmi": lambda arguments, provider: {**arguments, **provider}}
    graph = take(program, answers=answers)
    assert graph.outputs == {"region": "eu-west-1", "image": {"a": 1, "region": "eu-west-1"}}


def test_a_function_needs_an_explicit_provider_as_well() -> None:
    def program() -> None:
        pulumi.runtime.invoke(REGION, {})

    with pytest.raises(OfflineError, match=f"Default provider for 'aws' disabled. '{REGION}' must use"):
        take(program)
    assert take(program, config={}).warnings == ()


def test_warnings_are_kept_and_errors_fail(capfd: pytest.CaptureFixture[str]) -> None:
    def warns() -> None:
        for text in ("twice", "twice", "once"):
            pulumi.log.warn(text)

    def errs() -> None:
        pulumi.log.error("it cannot be")

    assert take(warns).warnings == ("once", "twice")
    with pytest.raises(OfflineError, match="the program logged: it cannot be"):
        take(errs)
    assert capfd.readouterr() == ("", "")


def test_read_resources_are_external_and_stack_references_are_empty() -> None:
    def program() -> None:
        provider = aws()
        known = Thing("known", using(provider, id="thing-1"), size=1)
        Thing("user", using(provider), of=known.id)
        pulumi.export("other", pulumi.StackReference("organization/shop/prod").get_output("x"))

    graph = take(program)
    known = find(graph, f"{THING}::known")
    assert (known.external, known.import_id) == (True, "thing-1")
    assert find(graph, f"{THING}::user").inputs == {"of": "thing-1"}
    assert "pulumi:pulumi:StackReference::organization/shop/prod" in urns(graph)


def test_resources_made_inside_apply_are_found_by_comparing_both_modes() -> None:
    def honest() -> None:
        Box("box", using(aws()), inner={})

    def sly() -> None:
        provider = aws()
        first = Thing("first", using(provider))
        pulumi.Output.all(first.id, first.urn).apply(lambda _: Thing("hidden", using(provider)))

    def difference(program: Any) -> set[str]:
        return set(urns(take(program))) ^ set(urns(take(program, preview=False)))

    assert difference(honest) == set()
    assert difference(sly) == {f"{THING}::hidden"}


def test_transforms_run_in_the_engines_order_on_properties_and_options() -> None:
    def append(letter: str, **options: Any) -> pulumi.ResourceTransform:
        def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
            if args.type_ != THING:
                return None
            props = {**args.props, "order": str(args.props.get("order", "")) + letter}
            return pulumi.ResourceTransformResult(
                props, pulumi.ResourceOptions.merge(args.opts, using_(**options))
            )

        return transform

    def using_(**options: Any) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(**options)

    def program() -> None:
        provider = aws()
        Thing("before", using(provider))
        pulumi.runtime.register_resource_transform(append("s", ignore_changes=["tags"]))
        parent = Thing("parent", using(provider, transforms=[append("p")]))
        own = using(provider, parent=parent, transforms=[append("o", protect=True)], depends_on=[provider])
        Thing("child", own, secret=pulumi.Output.secret("x"))

    graph = take(program)
    assert find(graph, f"{THING}::before").inputs == {}
    assert find(graph, f"{THING}::parent").inputs == {"order": "ps"}
    child = find(graph, f"{THING}${THING}::child")
    assert child.inputs == {"order": "ops", "secret": "[secret]"}
    assert (child.protect, child.ignore_changes) == (True, ("tags",))
    assert child.provider == f"{PREFIX}pulumi:providers:aws::main"
    assert child.depends_on == (f"{PREFIX}pulumi:providers:aws::main",)


def test_hooks_and_invoke_transforms_are_accepted_and_not_run() -> None:
    def program() -> None:
        hook = pulumi.ResourceHook("hook", lambda _: pytest.fail("ran"))
        pulumi.runtime.register_invoke_transform(lambda _: pytest.fail("ran"))
        Thing("thing", using(aws(), hooks=pulumi.ResourceHookBinding(before_create=[hook])))

    assert f"{THING}::thing" in urns(take(program))


def test_an_exception_inside_a_transform_comes_out_as_it_is() -> None:
    def transform(_: pulumi.ResourceTransformArgs) -> None:
        raise LookupError("in the transform")

    def program() -> None:
        pulumi.runtime.register_resource_transform(transform)
        Thing("thing", using(aws()))

    with pytest.raises(LookupError, match="in the transform"):
        take(program)


def test_assets_are_shown_by_content_or_by_a_path_of_the_project() -> None:
    def program() -> None:
        inputs = {
            "text": pulumi.StringAsset("hello"),
            "file": pulumi.FileAsset("./tests/../pyproject.toml"),
            "far": pulumi.FileAsset("/etc/hosts"),
            "archive": pulumi.AssetArchive({"a": pulumi.StringAsset("b")}),
        }
        Thing("thing", using(aws()), **inputs)

    assert find(take(program, config=DENY), f"{THING}::thing").inputs == {
        "archive": {"[archive]": {"assets": {"a": {"[asset]": {"text": "b"}}}}},
        "far": {"[asset]": {"path": "hosts"}},
        "file": {"[asset]": {"path": "pyproject.toml"}},
        "text": {"[asset]": {"text": "hello"}},
    }


def test_a_reference_to_a_resource_is_its_urn() -> None:
    def program() -> None:
        provider = aws()
        box = Box("box", using(provider))
        Thing("thing", using(provider), box=box, first=box.things[0])

    thing = find(take(program), f"{THING}::thing")
    box, first = f"{PREFIX}shop:x:Box::box", f"{PREFIX}shop:x:Box${THING}::box-a"
    assert thing.inputs == {"box": box, "first": first}
    assert thing.property_depends_on["first"] == (first,)
    assert UNKNOWN not in thing.inputs.values()
