"""What the alerts about models and errors read, from a real LiteLLM: they see trouble, and its end.

Metrics are read between requests and given to ``promtool`` as if a minute lay between two readings, so that
the rules' own expressions decide.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import time
import urllib.error
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from components.kubernetes.litellm_config import COOLDOWN_S
from sizing.alerts.load import LITELLM_ERRORS, records, unavailable
from tests.real import servers
from tests.real.litellm.backend import Backend, Handler
from tests.real.litellm.conftest import EXTERNAL, MODEL, Gateway
from tests.real.prometheus.tools import promtool

Reading = Mapping[str, float]
BEFORE = 6
"""Minutes with the first reading: longer than the rules' windows."""
HANG_S = 3
ANSWER = Handler.do_POST


def refuse(handler: Handler) -> None:
    """A provider that takes no key."""
    handler.rfile.read(int(handler.headers["Content-Length"]))
    handler.send_error(401, "bad key")


def hang(handler: Handler) -> None:
    """A provider that answers after the caller's patience."""
    time.sleep(HANG_S)
    with contextlib.suppress(OSError):
        ANSWER(handler)


@contextmanager
def behaving(server: Backend, how: Callable[[Handler], None]) -> Iterator[None]:
    """One server otherwise. By the method, since LiteLLM keeps its connections and their handlers."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Handler, "do_POST", lambda self: (how if self.server is server else ANSWER)(self))
        yield


def ask(gateway: Gateway, model: str = MODEL, **more: object) -> tuple[int, str]:
    """Status, and the deployment that answered."""
    messages = [{"role": "user", "content": uuid.uuid4().hex}]
    try:
        with gateway.post({"model": model, "messages": messages, **more}) as answer:
            return answer.status, answer.headers["x-litellm-model-id"] or ""
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, ""


def read(gateway: Gateway) -> Reading:
    """LiteLLM's own series. What is counted after an answer has a second to arrive."""
    time.sleep(1)
    found: dict[str, float] = {}
    for line in gateway.get("/metrics/", key=True).splitlines():
        if line.startswith("litellm_") and "_bucket{" not in line:
            series, _, value = line.rpartition(" ")
            found[series] = float(value)
    return found


def evaluate(directory: Path, readings: Sequence[Reading], expr: str, minute: int, expected: str) -> None:
    """That ``expr`` gives 1 for the labels ``expected`` (nothing, where it is empty) at ``minute``."""
    names = sorted({series for reading in readings for series in reading})
    series = [
        {"series": name, "values": " ".join(str(reading.get(name, 0.0)) for reading in readings)}
        for name in names
    ]
    samples = [{"labels": expected, "value": 1}] if expected else []
    check = {"expr": expr, "eval_time": f"{minute}m", "exp_samples": samples}
    document = {"tests": [{"interval": "1m", "input_series": series, "promql_expr_test": [check]}]}
    file = directory / f"signals-{uuid.uuid4().hex}.yaml"
    file.write_text(json.dumps(document))  # JSON is YAML too
    done = subprocess.run([promtool(), "test", "rules", str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_deployment_that_fails_is_noticed_until_it_works_again(
    tmp_path: Path, gateway: Gateway, engine: Backend
) -> None:
    engine_id = f"vllm-{MODEL}"
    servers.wait_for(lambda: ask(gateway)[1] == engine_id, "the engine answers")
    well, failing = read(gateway), list[Reading]()
    engine.fails = True
    for _ in range(2):
        assert {ask(gateway)[1] for _ in range(6)} != {engine_id}
        failing.append(read(gateway))
        time.sleep(COOLDOWN_S + 1)
    engine.fails = False
    servers.wait_for(lambda: ask(gateway)[1] == engine_id, "the engine answers again", 2 * COOLDOWN_S)
    first = read(gateway)
    ask(gateway)
    readings = [well] * BEFORE + failing + [first] + [read(gateway)] * BEFORE
    down = f"group by (model_id) (({unavailable()}) > 0)"
    evaluate(tmp_path, readings, down, BEFORE - 1, "")
    evaluate(tmp_path, readings, down, BEFORE + 1, f'{{model_id="{engine_id}"}}')
    evaluate(tmp_path, readings, down, len(readings) - 1, "")


def test_a_model_without_another_is_noticed_too(tmp_path: Path, gateway: Gateway, provider: Backend) -> None:
    """LiteLLM puts no deployment aside that has no other beside it."""
    assert ask(gateway, EXTERNAL) == (200, f"external-{EXTERNAL}")
    readings = [read(gateway)] * BEFORE
    provider.fails = True
    for _ in range(3):
        assert {ask(gateway, EXTERNAL)[0] for _ in range(2)} == {500}
        readings.append(read(gateway))
    down = f"group by (model_id) (({unavailable()}) > 0)"
    evaluate(tmp_path, readings, down, len(readings) - 1, f'{{model_id="external-{EXTERNAL}"}}')


def test_errors_are_told_apart_by_whose_fault_they_are(
    tmp_path: Path, gateway: Gateway, provider: Backend
) -> None:
    """A hanging provider, one that refuses our key, and then no deployment left: all of them 4xx."""
    before = read(gateway)
    with behaving(provider, hang):
        assert [ask(gateway, EXTERNAL, timeout=HANG_S / 3)[0] for _ in range(2)] == [408, 408]
    with behaving(provider, refuse):
        assert [ask(gateway, EXTERNAL)[0] for _ in range(3)] == [401, 429, 429]
    ours = 5
    theirs = [ask(gateway, "no-such-model")[0] for _ in range(2)]
    assert all(400 <= status < 500 for status in theirs)
    readings = [before] * BEFORE + [read(gateway)]
    (record,) = [found for found in records() if found.name == LITELLM_ERRORS]
    counted = re.sub(r"\brate\(", "increase(", record.expr)
    share = ours / (ours + len(theirs))
    evaluate(tmp_path, readings, f"abs(({counted}) - {share}) < bool 0.001", BEFORE, "{}")
    servers.wait_for(lambda: ask(gateway, EXTERNAL)[0] == 200, "the provider is asked again", 2 * COOLDOWN_S)
