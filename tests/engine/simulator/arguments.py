"""Checks of a resource's inputs against the argument types of the installed provider SDKs.

Unknown, missing and wrongly typed properties are problems, by their name on the wire (camelCase), at any
depth. The types are those that the SDKs declare in Python; what a provider checks beyond them (formats,
ranges, conflicts) is not known here.
"""

from __future__ import annotations

import collections.abc
import functools
import importlib
import importlib.metadata
import inspect
import sys
import typing
import warnings
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final

import pulumi
from pulumi import _types as sdk_types
from pulumi.runtime import rpc

from tests.engine.simulator import wire

PACKAGES: Final = {
    "aws": "pulumi_aws",
    "eks": "pulumi_eks",
    "gcp": "pulumi_gcp",
    "kubernetes": "pulumi_kubernetes",
    "random": "pulumi_random",
}
_SCALARS: Final = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}


@functools.cache
def resource_class(token: str) -> type | None:
    """The SDK's class of a type token; None when the SDK does not know the type."""
    package, _, rest = token.partition(":")
    if package == "pulumi":
        return importlib.import_module(PACKAGES[rest.partition(":")[2]]).Provider
    sdk = importlib.import_module(PACKAGES[package])
    module, _, _ = rest.partition(":")
    for known in rpc._RESOURCE_MODULES.get(f"{package}:{module}", ()):
        info: Any = known.mod_info
        if token in info["classes"]:
            return getattr(importlib.import_module(info["fqn"]), info["classes"][token])
    assert sdk
    return None


@functools.cache
def preload(tokens: tuple[str, ...]) -> None:
    """Load the SDKs' modules of these types and of what Kubernetes needs, on one thread.

    The SDKs load their modules on first use, unsafely where several threads do so at once, and with warnings
    of deprecated modules, used or not.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for token in (*tokens, *_KUBERNETES):
            class_ = argument_class(token)
            assert class_ is not None, token
            _load(class_)


def _load(arguments: type) -> None:
    """Resolve the types of all properties, nested ones too."""
    seen: set[type] = set()
    waiting: list[Any] = [arguments]
    while waiting:
        class_ = waiting.pop()
        if class_ in seen:
            continue
        seen.add(class_)
        for type_ in properties(class_).values():
            waiting += [
                item for item in _parts(type_) if inspect.isclass(item) and sdk_types.is_input_type(item)
            ]


def _parts(type_: Any) -> Iterator[Any]:
    yield type_
    for argument in typing.get_args(type_):
        yield from _parts(argument)


_KUBERNETES: Final = (
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
    "kubernetes:apps/v1:DeploymentPatch",
    "kubernetes:batch/v1:Job",
    "kubernetes:core/v1:Service",
    "kubernetes:helm.sh/v3:Release",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "kubernetes:policy/v1:PodDisruptionBudget",
    "kubernetes:scheduling.k8s.io/v1:PriorityClass",
    "kubernetes:storage.k8s.io/v1:StorageClass",
    "kubernetes:yaml/v2:ConfigFile",
    "eks:index:Cluster",
    "eks:index:ManagedNodeGroup",
    "eks:index:Addon",
)


@functools.cache
def argument_class(token: str) -> type | None:
    """The SDK's class of a resource's arguments."""
    class_ = resource_class(token)
    if class_ is None:
        return None
    module = sys.modules[class_.__module__]
    for name in (f"{class_.__name__}InitArgs", f"{class_.__name__}Args"):
        if hasattr(module, name):
            return getattr(module, name)
    raise LookupError(f"{token}: {module.__name__} has no class of arguments")


@functools.cache
def properties(arguments: type) -> Mapping[str, Any]:
    """Wire name to type."""
    return sdk_types.input_type_types(arguments)


@functools.cache
def required(arguments: type) -> frozenset[str]:
    """Wire names of what may not be left out: parameters of the constructor without a default."""
    names = sdk_types.input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments.__init__).parameters.values()
    return frozenset(
        names[item.name]
        for item in parameters
        if item.name in names and item.default is inspect.Parameter.empty
    )


def problems(token: str, inputs: Mapping[str, Any]) -> list[str]:
    """What is wrong with a resource's inputs, one line each."""
    arguments = argument_class(token)
    if arguments is not None:
        return list(_object(arguments, inputs, ""))
    if token.startswith("kubernetes:"):
        return list(_custom_object(token, inputs))
    return [f"there is no resource type {token}"]


def provider_problems(package: str, inputs: Mapping[str, Any]) -> list[str]:
    """The same for a provider's configuration, where everything but text travels as JSON text."""
    arguments = argument_class(f"pulumi:providers:{package}")
    assert arguments is not None
    unknown = [name for name in inputs if name not in properties(arguments) and name != "version"]
    return [f"{name}: no such property of the provider {package}" for name in unknown]


def _custom_object(token: str, inputs: Mapping[str, Any]) -> Iterator[str]:
    """A custom resource of Kubernetes: the SDK knows its frame only."""
    group, _, kind = token.removeprefix("kubernetes:").partition(":")
    for name, wanted in (("apiVersion", group), ("kind", kind)):
        if inputs.get(name) != wanted:
            yield f"{name}: {inputs.get(name)!r} is not {wanted!r}"
    metadata = importlib.import_module("pulumi_kubernetes.meta.v1").ObjectMetaArgs
    yield from _value(metadata, inputs.get("metadata"), "metadata")


def _object(arguments: type, value: Mapping[str, Any], at: str) -> Iterator[str]:
    known, prefix = properties(arguments), f"{at}." if at else ""
    for name in sorted(value):
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield f"{prefix}{name}: no such property of {arguments.__name__}{hint}"
        elif value[name] is not None:
            yield from _value(known[name], value[name], f"{prefix}{name}")
    for name in sorted(required(arguments)):
        if value.get(name) is None:
            yield f"{prefix}{name}: missing, {arguments.__name__} requires it"


def _value(type_: Any, value: Any, at: str) -> Iterator[str]:
    if wire.is_secret(value):
        yield from _value(type_, value["value"], at)
        return
    if value == wire.UNKNOWN:
        return
    faults: list[list[str]] = []
    for choice in _choices(type_):
        found = list(_one(choice, value, at))
        if not found:
            return
        faults.append(found)
    yield from min(faults, key=len) if faults else ()


def _choices(type_: Any) -> list[Any]:
    """The plain types behind a declared one: optional, awaitable, output are the same on the wire."""
    origin = typing.get_origin(type_)
    if origin in (typing.Union, UnionType):
        return [choice for item in typing.get_args(type_) for choice in _choices(item)]
    if type_ is NoneType or origin in (pulumi.Output, collections.abc.Awaitable):
        return []
    if isinstance(type_, typing.ForwardRef | str):
        return []
    return [type_]


def _one(type_: Any, value: Any, at: str) -> Iterator[str]:
    origin = typing.get_origin(type_)
    if type_ is Any or type_ is object:
        return
    if type_ in _SCALARS:
        yield from _scalar(type_, value, at)
    elif origin is typing.Literal:
        if value not in typing.get_args(type_):
            yield f"{at}: {value!r} is none of {', '.join(map(repr, typing.get_args(type_)))}"
    elif origin in (list, collections.abc.Sequence):
        yield from _list(typing.get_args(type_)[0], value, at)
    elif origin in (dict, collections.abc.Mapping) or type_ is dict:
        yield from _mapping((typing.get_args(type_) or (str, Any))[1], value, at)
    else:
        yield from _class(type_, value, at)


def _scalar(type_: type, value: Any, at: str) -> Iterator[str]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        str: isinstance(value, str),
        bool: isinstance(value, bool),
        int: number and float(value).is_integer(),
        float: number,
    }
    if not fits[type_]:
        yield f"{at}: {_shown(value)} is not {_SCALARS[type_]}"


def _list(item: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{at}: {_shown(value)} is not a list"
        return
    for index, entry in enumerate(value):
        yield from _value(item, entry, f"{at}[{index}]")


def _mapping(item: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, Mapping) or wire.mark(value):
        yield f"{at}: {_shown(value)} is not an object"
        return
    for key in sorted(value):
        yield from _value(item, value[key], f"{at}.{key}")


def _class(type_: Any, value: Any, at: str) -> Iterator[str]:
    if inspect.isclass(type_) and issubclass(type_, Enum):
        if value not in {member.value for member in type_}:
            yield f"{at}: {_shown(value)} is no {type_.__name__}"
    elif inspect.isclass(type_) and issubclass(type_, pulumi.Resource):
        if wire.mark(value) != wire.RESOURCE:
            yield f"{at}: {_shown(value)} is not a resource"
    elif inspect.isclass(type_) and issubclass(type_, pulumi.Asset | pulumi.Archive):
        if wire.mark(value) not in (wire.ASSET, wire.ARCHIVE):
            yield f"{at}: {_shown(value)} is not a file"
    elif not isinstance(value, Mapping) or wire.mark(value):
        yield f"{at}: {_shown(value)} is not an object"
    elif sdk_types.is_input_type(type_):
        yield from _object(type_, value, at)
    else:
        raise TypeError(f"{at}: the SDK declares {type_!r}, which this check does not know")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@functools.cache
def version(package: str) -> str:
    """The version of the installed SDK, which is the provider's."""
    return importlib.metadata.version(PACKAGES[package])
