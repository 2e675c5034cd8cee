"""What the engine would write down of each registration, and the faults it would refuse.

The rules follow ``pkg/resource/deploy/source_eval.go``, ``step_generator.go`` and ``default_providers.go`` of
https://github.com/pulumi/pulumi; messages are the engine's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.graph import Child, Graph, Resource
from infra.offline.errors import OfflineError
from infra.offline.invokes import Answer
from infra.offline.options import Options, provider_urn
from infra.offline.remote import REMOTES
from infra.offline.wire import Wire, display_all, referenced
from infra.urns import PROVIDER_PREFIX, STACK_TYPE, make_urn, package_of

if TYPE_CHECKING:
    from pulumi.runtime.proto.resource_pb2 import ReadResourceRequest, RegisterResourceRequest

_ALWAYS_ALLOWED: Final = "pulumi"
"""Package of the engine's built-in types: it needs no provider of the program's."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a capture is made under.

    Attributes:
        preview: as in ``pulumi preview``, what only a deployment can tell is unknown; else as in ``pulumi
            up``, with made-up outputs.
        denied: packages without a default provider ("*" is all of them).
        answers: results of provider functions by token.
    """

    project: str
    stack: str
    preview: bool
    denied: frozenset[str]
    answers: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class _Inherited:
    """Options that children take over from their parent where they say nothing themselves."""

    protect: bool = False
    retain_on_delete: bool = False


class Ledger:
    """Registrations by URN. Not safe for threads by itself: the monitor holds its lock.

    Attributes:
        problems: faults of the program; the capture fails with all of them.
        warnings: what the program or an SDK logged.
    """

    def __init__(self, frame: Frame) -> None:
        self.problems: set[str] = set()
        self.warnings: set[str] = set()
        self._frame = frame
        self._resources: dict[str, Resource] = {}
        self._inputs: dict[str, Wire] = {}
        self._inherited: dict[str, _Inherited] = {}
        self._made_by: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._resources)

    def graph(self, outputs: Wire) -> Graph:
        """All resources, with the stack's outputs."""
        return Graph(
            project=self._frame.project,
            stack=self._frame.stack,
            cloud="",
            resources=tuple(self._resources.values()),
            outputs=display_all(outputs),
            warnings=tuple(sorted(self.warnings)),
        )

    def fault(self, problem: str) -> OfflineError:
        """Note a fault and return it as an error, where the program cannot go on."""
        self.problems.add(problem)
        return OfflineError(problem)

    def is_stack(self, urn: str) -> bool:
        """Whether this is the root resource."""
        return urn in self._resources and self._resources[urn].type == STACK_TYPE

    def inputs(self, urn: str) -> Wire:
        """A resource's inputs on the wire; none for an unknown one."""
        return self._inputs.get(urn, {})

    def maker(self, urn: str) -> str | None:
        """The remote component that makes a resource, if one does."""
        return self._made_by.get(urn)

    def ancestors(self, parent: str) -> Iterator[str]:
        """``parent`` and what is above it."""
        urn: str | None = parent
        while urn:
            yield urn
            resource = self._resources.get(urn)
            urn = None if resource is None else resource.parent

    def new_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN of a resource to be registered; a fault when it is taken or the parent is not there."""
        if parent and parent not in self._resources and parent not in self._made_by:
            self.problems.add(f"could not find parent resource {parent}")
        urn = make_urn(self._frame.stack, self._frame.project, parent, type_, name)
        if urn in self._resources:
            self.problems.add(f"Duplicate resource URN {urn!r}; try giving it a unique name")
        return urn

    def check_provider(self, token: str, provider: str) -> None:
        """A provider function needs a provider as a resource does.

        Raises:
            OfflineError: none was given and the default one is disabled.
        """
        if not provider and self._denied(package_of(token)):
            raise self.fault(_denial(package_of(token), token))

    def register(self, urn: str, request: RegisterResourceRequest, inputs: Wire, options: Options) -> None:
        """Write down a resource, with what it inherits from its parent."""
        parent = self._resources.get(options.parent)
        providers = {package: provider_urn(ref) for package, ref in sorted(options.providers.items())}
        if parent is not None and not request.custom:
            providers = {**parent.providers, **providers}
        if request.remote:
            self._check_packages(urn, request.type, providers)
        # A remote component's plugin passes its own settings on, also where it chooses another parent.
        above = self._inherited.get(request.parent, _Inherited())
        own = _Inherited(
            above.protect if options.protect is None else options.protect,
            above.retain_on_delete if options.retain_on_delete is None else options.retain_on_delete,
        )
        self._inherited[urn] = own
        self._inputs[urn] = inputs
        self._resources[urn] = Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=options.parent or None,
            provider=self._provider_of(urn, request, options),
            inputs=display_all(inputs),
            depends_on=self._closed(options.dependencies),
            protect=own.protect,
            custom=request.custom,
            delete_before_replace=request.deleteBeforeReplace,
            ignore_changes=options.ignore_changes,
            remote=request.remote,
            aliases=options.alias_urns(urn, () if parent is None else parent.aliases),
            property_depends_on=self._sources(request, inputs),
            providers={} if request.custom else providers,
            replace_on_changes=options.replace_on_changes,
            import_id=request.importId or None,
            custom_timeouts=options.timeouts,
            retain_on_delete=own.retain_on_delete,
            additional_secret_outputs=options.additional_secret_outputs,
        )

    def read(self, urn: str, request: ReadResourceRequest, inputs: Wire) -> None:
        """Write down a resource that is only read."""
        self._inputs[urn] = inputs
        self._resources[urn] = Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent or None,
            provider=self._provider(request.provider, {}, request.parent, request.type, urn),
            inputs=display_all(inputs),
            depends_on=self._closed(request.dependencies),
            protect=False,
            custom=True,
            delete_before_replace=False,
            ignore_changes=(),
            external=True,
            import_id=request.id,
        )

    def expect(self, urn: str, children: Iterable[str]) -> None:
        """A remote component makes these: who depends on one of them depends on the component."""
        self._made_by.update(dict.fromkeys(children, urn))

    def name_children(self, urn: str, children: Iterable[Child]) -> None:
        """Put the children of a remote component beside it, by URN."""
        ordered = tuple(sorted(children, key=lambda child: child.urn))
        self._resources[urn] = self._resources[urn].model_copy(update={"creates": ordered})

    def _denied(self, package: str) -> bool:
        return package != _ALWAYS_ALLOWED and not self._frame.denied.isdisjoint({package, "*"})

    def _provider_of(self, urn: str, request: RegisterResourceRequest, options: Options) -> str | None:
        if request.type.startswith(PROVIDER_PREFIX) or not (request.custom or request.remote):
            return None
        subject = request.type if request.remote else urn
        return self._provider(options.provider, options.providers, options.parent, request.type, subject)

    def _provider(
        self, given: str, providers: Mapping[str, str], parent: str, type_: str, subject: str
    ) -> str | None:
        """URN of the provider that serves a custom or remote resource; None is the default provider."""
        package = package_of(type_)
        if given or package in providers:
            return provider_urn(given or providers[package])
        above = self._resources.get(parent)
        if above is not None:
            if package in above.providers:
                return above.providers[package]
            if above.provider and self._resources[above.provider].type == f"{PROVIDER_PREFIX}{package}":
                return above.provider
        if self._denied(package):
            self.problems.add(_denial(package, subject))
        return None

    def _check_packages(self, urn: str, type_: str, providers: Mapping[str, str]) -> None:
        """A remote component's children use the providers that the program hands it, or default ones."""
        remote = REMOTES.get(type_)
        for package in () if remote is None else remote.packages:
            if package not in providers and self._denied(package):
                self.problems.add(_denial(package, urn))

    def _closed(self, urns: Iterable[str]) -> tuple[str, ...]:
        """Dependencies within the graph: one on a remote component's child is one on the component."""
        return tuple(sorted({self._made_by.get(urn, urn) for urn in urns}))

    def _sources(self, request: RegisterResourceRequest, inputs: Wire) -> dict[str, tuple[str, ...]]:
        """Input to the URNs behind it: those the SDK tracked, and those it refers to.

        The SDK leaves references out of a remote component's dependencies; a comparison needs them.
        """
        found = {key: set(sources.urns) for key, sources in request.propertyDependencies.items()}
        for key, value in inputs.items():
            found.setdefault(key, set()).update(referenced(value))
        return {key: self._closed(found[key]) for key in sorted(found) if found[key]}


def _denial(package: str, subject: str) -> str:
    return f"Default provider for {package!r} disabled. {subject!r} must use an explicit provider."
