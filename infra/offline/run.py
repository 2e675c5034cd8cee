"""Running a Pulumi program against the capture's monitor: event loop, settings, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn, cast

from pulumi.runtime import set_all_config
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.stack import run_in_stack

from infra.graph import Graph
from infra.offline.callbacks import Transforms, servicer
from infra.offline.errors import OfflineError
from infra.offline.ledger import Frame
from infra.offline.monitor import CaptureMonitor

Program = Callable[[], Awaitable[None] | None]


class _TimedOut(KeyboardInterrupt):
    """Ends the event loop from inside: the loop lets no other kind of exception out of a callback."""


class _Watchdog:
    """Ends a program that never ends, also in the SDK's synchronous waits, which pump the loop themselves."""

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout: float) -> None:
        self.expired = False
        self._loop = loop
        self._handle = loop.call_later(timeout, self._bark)

    def cancel(self) -> None:
        """The program came to its end."""
        self._handle.cancel()

    def _bark(self) -> NoReturn:
        self.expired = True
        # Again at once: the SDK takes the first interruption for the program's own and waits for the rest.
        self._handle = self._loop.call_soon(self._bark)
        raise _TimedOut


class _Engine:
    """Takes log messages: warnings are kept, an error fails the capture as it would fail ``pulumi up``."""

    def __init__(self, monitor: CaptureMonitor) -> None:
        self._monitor = monitor
        self.errors: set[str] = set()

    def Log(self, request: engine_pb2.LogRequest) -> None:
        if request.severity == engine_pb2.WARNING:
            self._monitor.ledger.warnings.add(request.message)
        elif request.severity == engine_pb2.ERROR:
            self.errors.add(request.message)


def run(
    program: Program, frame: Frame, config: Mapping[str, str], secret_keys: Sequence[str], timeout: float
) -> Graph:
    """Run ``program`` to its end; to be called in a thread and a context of its own.

    Raises:
        OfflineError: a fault that the engine would report, or no end within ``timeout`` seconds. An exception
        of
            the program itself comes out as it is.
    """
    loop = asyncio.new_event_loop()
    executor = ThreadPoolExecutor(thread_name_prefix="offline")
    loop.set_default_executor(executor)
    # What dies with the program is reported through it; without this each task would print a trace as well.
    loop.set_exception_handler(lambda _loop, _context: None)
    asyncio.set_event_loop(loop)
    transforms = Transforms(loop, timeout)
    monitor = CaptureMonitor(frame, transforms)
    engine = _Engine(monitor)
    watchdog = _Watchdog(loop, timeout)

    async def main() -> None:
        transforms.servicer = servicer(monitor)
        _configure(frame, monitor, engine, transforms.servicer)
        set_all_config(dict(config), list(secret_keys))
        await run_in_stack(cast(Any, lambda: _settled(program)))

    try:
        loop.run_until_complete(main())
    except BaseException as error:
        # A fault that the monitor saw is the cause; what the program made of it is the consequence.
        _raise_problems(monitor.ledger.problems, error)
        if watchdog.expired:
            raise _hung(monitor, timeout) from None
        raise
    finally:
        watchdog.cancel()
        _close(loop, executor)
    _raise_problems(monitor.ledger.problems | {f"the program logged: {text}" for text in engine.errors}, None)
    return monitor.graph()


async def _settled(program: Program) -> None:
    """The program, and then all outputs it left pending, awaited together.

    The SDK awaits them one by one and looks at all the others each time: for a few hundred resources that
    alone takes longer than everything else. What fails is left for the SDK to report.
    """
    result = program()
    if result is not None:
        await result
    outputs: set[asyncio.Future[Any]] = importlib.import_module("pulumi.runtime.settings").SETTINGS.outputs
    while pending := [task for task in outputs if not task.done()]:
        done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
        if any(task.cancelled() or task.exception() is not None for task in done):
            return


def _configure(frame: Frame, monitor: CaptureMonitor, engine: _Engine, callbacks: object) -> None:
    """Put the SDK's settings, which are context variables, into the state of a fresh process."""
    settings: Any = importlib.import_module("pulumi.runtime.settings")
    mocks: Any = importlib.import_module("pulumi.runtime.mocks")
    settings.configure(
        mocks.MockSettings(
            project=frame.project,
            stack=frame.stack,
            organization="organization",
            root_directory=".",
            dry_run=frame.preview,
            legacy_apply_enabled=False,
            monitor=monitor,
            engine=engine,
            callbacks=callbacks,
            monitor_features=set(),
            package_refs={},
            base_providers_by_ref={},
            outputs=set(),
        )
    )
    settings.ROOT.set(None)


def _raise_problems(problems: Iterable[str], cause: BaseException | None) -> None:
    found = sorted(problems)
    if found:
        text = (
            found[0]
            if len(found) == 1
            else f"{len(found)} faults:\n" + "\n".join(f"- {item}" for item in found)
        )
        raise OfflineError(text) from cause


def _hung(monitor: CaptureMonitor, timeout: float) -> OfflineError:
    return OfflineError(
        f"the program did not end within {timeout:g} s (it registered {len(monitor.ledger)} resources): "
        "something it waits for never resolves"
    )


def _close(loop: asyncio.AbstractEventLoop, executor: ThreadPoolExecutor) -> None:
    """End what is left of a program that failed: neither a thread nor a warning outlives the capture."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    with contextlib.suppress(_TimedOut, RuntimeError):
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    executor.shutdown(cancel_futures=True)
    asyncio.set_event_loop(None)
    loop.close()
