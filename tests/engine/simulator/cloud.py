"""The clouds behind the simulated providers: what exists, in memory, and what can be made to happen to it.

It outlives the engine, as a cloud does: an engine that is killed and started again finds what it had made.
Deliberately not simulated: quotas, permissions, and what controllers inside a cluster make by themselves.
"""

from __future__ import annotations

import contextlib
import copy
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.engine.simulator.outputs import Identity, computed
from tests.engine.simulator.replacement import counted

Kind = Literal["create", "update", "delete"]
PATIENCE_S = 120.0
"""Seconds after which a held operation gives up, so that no test hangs for ever."""


class CloudError(Exception):
    """A cloud refuses; the text is what the provider reports."""


@dataclass(slots=True)
class Record:
    """One thing that exists. ``inputs`` (what its owner asked for) and ``outputs`` are opened."""

    urn: str
    token: str
    id: str
    unique: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


@dataclass(slots=True)
class Operation:
    """One entry of the log; times are seconds of a monotonic clock, ``ended`` is None while it goes on."""

    kind: Kind
    urn: str
    token: str
    started: float
    ended: float | None = None
    error: str = ""


@dataclass(slots=True)
class _Trouble:
    kind: Kind
    match: str
    message: str
    times: int


@dataclass(slots=True)
class Hold:
    """An operation that stops halfway. ``reached`` is set when one does; ``release`` lets it go on."""

    kind: Kind
    match: str
    reached: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)


class Cloud:
    """All clouds of one stack. Methods are called from many threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._records: dict[tuple[str, str], Record] = {}
        self._generations: dict[str, int] = {}
        self._troubles: list[_Trouble] = []
        self._holds: list[Hold] = []
        self._pace: Callable[[Kind, str], float] = lambda kind, token: 0.0
        self.log: list[Operation] = []

    def copy(self) -> Cloud:
        """The same things in another cloud, with an empty log and nothing planned to go wrong."""
        twin = Cloud()
        with self._lock:
            twin._records = copy.deepcopy(self._records)
            twin._generations = dict(self._generations)
        return twin

    def fail(self, kind: Kind, match: str, message: str, times: int = 1) -> None:
        """Have the next operations on URNs that contain ``match`` fail, ``times`` of them."""
        self._troubles.append(_Trouble(kind, match, message, times))

    @contextlib.contextmanager
    def hold(self, kind: Kind, match: str) -> Iterator[Hold]:
        """Stop the next such operation after the cloud has done it and before it answers."""
        hold = Hold(kind, match)
        self._holds.append(hold)
        try:
            yield hold
        finally:
            hold.release.set()

    def pace(self, seconds: Callable[[Kind, str], float]) -> None:
        """Make operations take time: seconds by kind of operation and type of resource."""
        self._pace = seconds

    def records(self, token: str = "") -> list[Record]:
        """What exists, of one type or all."""
        with self._lock:
            return [record for record in self._records.values() if token in ("", record.token)]

    def find(self, match: str) -> Record:
        """The one thing whose URN is, or contains, ``match``."""
        found = [record for record in self.records() if record.urn == match] or [
            record for record in self.records() if match in record.urn
        ]
        if len(found) != 1:
            raise LookupError(f"{match!r} stands in the URNs of {len(found)} things")
        return found[0]

    def change(self, match: str, **values: Any) -> None:
        """Change properties behind Pulumi's back."""
        record = self.find(match)
        with self._lock:
            for side in (record.inputs, record.outputs):
                side.update(copy.deepcopy(values))

    def lose(self, match: str) -> None:
        """Delete a thing behind Pulumi's back."""
        record = self.find(match)
        with self._lock:
            del self._records[record.token, record.id]

    def generation(self, urn: str) -> int:
        """How often the URN has been created."""
        return self._generations.get(urn, 0)

    def create(self, urn: str, token: str, inputs: Mapping[str, Any], provider: Mapping[str, Any]) -> Record:
        """Make a thing. Raises CloudError when something of that type and id exists."""
        with self._operation("create", urn, token):
            with self._lock:
                generation = self._generations[urn] = self.generation(urn) + 1
                made = computed(token, Identity(urn, generation), inputs, provider)
                # A random value exists in Pulumi's state only, so that all of them may be called "none".
                place = made.id if made.id != "none" else urn
                if any(made.unique == other.unique for other in self.records(token) if place != urn):
                    raise CloudError(f"AlreadyExists: {token} {made.unique} exists already")
                wanted = copy.deepcopy(dict(inputs))
                record = Record(urn, token, made.id, made.unique, wanted, made.outputs)
                self._records[token, place] = record
            return record

    def read(self, token: str, id_: str, urn: str) -> Record | None:
        """What stands there now."""
        with self._lock:
            record = self._records.get((token, id_ if id_ != "none" else urn))
            return copy.deepcopy(record)

    def update(self, urn: str, token: str, id_: str, inputs: Mapping[str, Any]) -> Record:
        """Change a thing in place. Raises CloudError when it is not there."""
        with self._operation("update", urn, token):
            with self._lock:
                record = self._there(token, id_, urn)
                outputs = updated(record.outputs, record.inputs, inputs)
                for output in counted(token):
                    outputs[output] += 1
                record.inputs, record.outputs = copy.deepcopy(dict(inputs)), outputs
            return record

    def delete(self, urn: str, token: str, id_: str) -> None:
        """Delete a thing; one that is gone already is no error, as the providers have it."""
        with self._operation("delete", urn, token), self._lock:
            self._records.pop((token, id_ if id_ != "none" else urn), None)

    def _there(self, token: str, id_: str, urn: str) -> Record:
        record = self._records.get((token, id_ if id_ != "none" else urn))
        if record is None:
            raise CloudError(f"NotFound: {token} {id_} does not exist")
        return record

    @contextlib.contextmanager
    def _operation(self, kind: Kind, urn: str, token: str) -> Iterator[None]:
        entry = Operation(kind, urn, token, time.monotonic())
        with self._lock:
            self.log.append(entry)
            trouble = next((t for t in self._troubles if t.times and t.kind == kind and t.match in urn), None)
            if trouble is not None:
                trouble.times -= 1
        try:
            if trouble is not None:
                raise CloudError(trouble.message)
            if wait := self._pace(kind, token):
                time.sleep(wait)
            yield
            self._pause(kind, urn)
        except CloudError as error:
            entry.error = str(error)
            raise
        finally:
            entry.ended = time.monotonic()

    def _pause(self, kind: Kind, urn: str) -> None:
        for hold in self._holds:
            if hold.kind == kind and hold.match in urn and not hold.release.is_set():
                hold.reached.set()
                hold.release.wait(PATIENCE_S)


def updated(
    outputs: Mapping[str, Any], old_inputs: Mapping[str, Any], inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """Outputs after a change of inputs in place."""
    kept = {key: value for key, value in outputs.items() if key in inputs or key not in old_inputs}
    return kept | {key: _merged(kept.get(key), value) for key, value in inputs.items()}


def _merged(old: Any, new: Any) -> Any:
    """New inputs over old outputs: what the cloud had added to an object stays."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **new}
    return new
