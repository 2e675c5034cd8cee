"""The language host that runs the project's own ``__main__.py``, in this process.

The engine is told of it by PULUMI_DEBUG_LANGUAGES, in the place of Pulumi's own plugin for Python. It does
what ``sdk/python/cmd/pulumi-language-python-exec`` of https://github.com/pulumi/pulumi does, and leaves
nothing behind when the engine is killed under it.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import runpy
import sys
import traceback
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi import RunError, log
from pulumi.runtime import _grpc_settings as sdk_grpc
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime import resource as sdk_resource
from pulumi.runtime import stack as sdk_stack
from pulumi.runtime.proto import LanguageRuntimeServicer, language_pb2, plugin_pb2, source_pb2

THREADS: Final = 64
"""Registrations that the program has under way at once: each waits in a thread for the engine's answer."""


class _Asyncio:
    """``asyncio`` for the SDK, which at a program's end looks at every output that is not known yet each time
    one is: two thirds of a command's time. Here it looks again when all are known, or one failed."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    @staticmethod
    async def wait(tasks: Iterable[asyncio.Task[Any]], **_: Any) -> Any:
        return await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)


def _silent(*_: Any, **__: Any) -> None:
    """In the place of ``pulumi.log.debug``."""


sdk_stack.asyncio = _Asyncio()
# Where in the program each registration stands is a third of the SDK's time and half of the state's size, and
# no test asks.
sdk_resource._get_stack_trace = source_pb2.StackTrace
# The SDK tells the engine of every step of every registration and waits for its answer, each time; the engine
# shows it to those who ask for --debug, and no test does.
log.debug = _silent
# Most threads here wait for an answer: what runs may finish its piece before the next one has its turn.
sys.setswitchinterval(0.02)
# Many engines come and go while this process stays. Channels to one address share a connection, so that a new
# engine on the port of a dead one would be taken for dead, until the next attempt to connect is due.
sdk_grpc._GRPC_CHANNEL_OPTIONS.append(("grpc.use_local_subchannel_pool", 1))


class ProgramHost(LanguageRuntimeServicer):
    """Runs the program of the project that the engine names, in a namespace of its own each time."""

    def __init__(self) -> None:
        self._engine = ""
        """The engine that called last: it shows what the program logs."""

    def Handshake(self, request: Any, context: Any) -> Any:
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo()

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:
        return language_pb2.GetRequiredPluginsResponse()

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        return language_pb2.GetRequiredPackagesResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Any:
        return iter(())

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Run(self, request: Any, context: Any) -> Any:
        # The SDK keeps its settings in context variables: a copy for each run.
        return contextvars.copy_context().run(_run, request, self._engine)


def _run(request: Any, engine: str) -> Any:
    reset_options(
        project=request.project,
        monitor_address=request.monitor_address,
        engine_address=engine,
        stack=request.stack,
        parallel=request.parallel,
        preview=request.dryRun,
        organization=request.organization or "organization",
    )
    set_all_config(dict(request.config), list(request.configSecretKeys))
    # Tasks that nobody awaited when a program failed are told of by its own exception already.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    entry = Path(request.info.root_directory) / "__main__.py"
    with _event_loop() as loop, warnings.catch_warnings():
        # Provider SDKs warn of every deprecated module when it is loaded, used or not.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"pulumi_\w+(\.|$)")
        try:
            loop.run_until_complete(run_in_stack(lambda: runpy.run_path(str(entry), run_name="__main__")))
        except RunError as error:
            return _told(str(error))
        except Exception as error:
            return _told("".join(traceback.format_exception(error)))
    return language_pb2.RunResponse()


def _told(message: str) -> Any:
    """The user sees this message, and nothing after it."""
    with contextlib.suppress(Exception):  # an engine that is gone hears nothing
        log.error(message)
    return language_pb2.RunResponse(bail=True)


@contextlib.contextmanager
def _event_loop() -> Any:
    """A loop of its own; whatever is still waiting at its end is cancelled, and threads end with it."""
    loop = asyncio.new_event_loop()
    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="program")
    loop.set_default_executor(executor)
    try:
        yield loop
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        with contextlib.suppress(Exception, asyncio.CancelledError, grpc.RpcError):
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        executor.shutdown(cancel_futures=True)
        loop.close()
