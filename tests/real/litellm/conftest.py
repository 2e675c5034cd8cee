"""A real LiteLLM with the generated configuration, two fake model servers and a real Redis cluster.

Without a database: its client needs an engine that its vendor offers as a download only, in no package. The
configuration is the same; what needs a database (keys of users, their budgets, spend) is not exercised here.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from infra.preview import preview_graph
from sizing.override_parts import LitellmPart
from tests.harness import releases, settings
from tests.real import programs, servers
from tests.real.litellm.backend import Backend, backend
from tests.real.litellm.cache import PASSWORD, Cache, cache

MASTER_KEY = "sk-test-0123456789abcdef0123456789abcdef"
MODEL, EXTERNAL = "llama-3.1-8b", "gpt-x"
EXTERNAL_MODELS = [
    {"name": EXTERNAL, "model": f"openai/{EXTERNAL}", "apiKeySecret": "openai-key", "fallbackFor": MODEL}
]


def generated(stack: str = "large", cloud: str = "aws", **litellm: object) -> Any:
    """The release's values for a stack that has an external model to fall back to, and what ``litellm``
    says."""
    wanted = settings(stack, cloud)
    part = LitellmPart.model_validate({"externalModels": EXTERNAL_MODELS, **litellm})
    graph = preview_graph(wanted.model_copy(update={"litellm": part}), stack, preview=False)
    return releases(graph)["litellm"]["values"]


def ask(text: str | None = None, model: str = MODEL, **more: object) -> dict[str, object]:
    """A request; without a text one that nobody has asked before."""
    return {"model": model, "messages": [{"role": "user", "content": text or uuid.uuid4().hex}], **more}


@dataclass(frozen=True)
class Gateway:
    """A running proxy."""

    url: str
    process: servers.Process

    def answer(self, **body: Any) -> tuple[dict[str, Any], dict[str, str]]:
        """Answer and headers of a request; without a text one that nobody has asked before."""
        with self.post(ask(**body)) as response:
            return json.loads(response.read()), dict(response.headers)

    def refusal(self, **body: Any) -> tuple[int, str]:
        """Status and text of a request that must not be answered."""
        with pytest.raises(urllib.error.HTTPError) as caught:
            self.post(ask(**body))
        with caught.value as refused:
            return refused.code, refused.read().decode()

    def post(self, body: dict[str, object], path: str = "/v1/chat/completions") -> HTTPResponse:
        headers = {"Authorization": f"Bearer {MASTER_KEY}", "Content-Type": "application/json"}
        return self._open(path, headers, json.dumps(body).encode())

    def get(self, path: str, *, key: bool = False) -> str:
        with self._open(path, {"Authorization": f"Bearer {MASTER_KEY}"} if key else {}) as answer:
            return answer.read().decode()

    def _open(self, path: str, headers: dict[str, str], data: bytes | None = None) -> HTTPResponse:
        asked = urllib.request.Request(self.url + path, data, headers)  # noqa: S310
        return urllib.request.urlopen(asked, timeout=120)  # noqa: S310


@pytest.fixture(scope="package")
def directory() -> Iterator[Path]:
    with servers.sandbox() as found:
        yield found


@pytest.fixture(scope="package")
def engine() -> Iterator[Backend]:
    with backend("engine") as found:
        yield found


@pytest.fixture(scope="package")
def provider() -> Iterator[Backend]:
    with backend("provider") as found:
        yield found


@pytest.fixture(autouse=True)
def healthy(engine: Backend, provider: Backend) -> None:
    for found in (engine, provider):
        found.reset()


@pytest.fixture(scope="package")
def redis(directory: Path) -> Iterator[Cache]:
    with cache(directory) as found:
        yield found


@contextmanager
def run(
    directory: Path, engine: Backend, provider: Backend, redis: Cache, values: Any = None, **more: str
) -> Iterator[Gateway]:
    """The proxy as the chart starts it, on a port of its own; only addresses and paths are this machine's.

    ``more`` are further variables of its environment.
    """
    port = servers.free_port()
    gateway = (values or generated())["gateway"]
    file, config = directory / f"config-{port}.yaml", config_here(gateway, engine, redis)
    file.write_text(json.dumps(config))  # JSON is YAML too
    env = {entry["name"]: entry["value"] for entry in gateway["extraEnv"] if "value" in entry}
    secrets = {entry["name"] for entry in gateway["extraEnv"] if "valueFrom" in entry}
    env |= {
        "OTEL_ENDPOINT": f"http://{servers.HOST}:{servers.free_port()}",  # nobody: tracing must not matter
        "LITELLM_MASTER_KEY": MASTER_KEY,
        "LITELLM_SALT_KEY": "sk-salt",
        "VLLM_API_KEY": "sk-engine",
        "BROUGHT_OPENAI_KEY": "sk-provider",
        "OPENAI_BASE_URL": provider.url,
        "LITELLM_LOG": gateway["logLevel"],
        "NUM_WORKERS": "1",  # unless a test says otherwise: the tests share two cores
        "HOME": str(directory),
        "PYTHONWARNINGS": "ignore",
        **_cache_access(config, redis),
        **more,
    }
    assert secrets <= set(env), "the chart takes other secrets from the store than this test brings"
    argv = [programs.litellm(), "--host", servers.HOST, "--port", str(port), "--config", str(file)]
    with servers.process(argv, directory, f"litellm-{port}", env, drop=False) as process:
        servers.wait_until_listening(process, port)
        found = Gateway(f"http://{servers.HOST}:{port}", process)
        servers.wait_for(lambda: alive(found), "LiteLLM answers its start-up probe")
        yield found


def config_here(gateway: Any, engine: Backend, redis: Cache) -> Any:
    """The generated file with this machine's addresses and paths."""
    config = json.loads(json.dumps(gateway["config"]["proxy_config"]))
    for model in config["model_list"]:
        if "api_base" in model["litellm_params"]:
            model["litellm_params"]["api_base"] = engine.url
    cache = config["litellm_settings"]["cache_params"]
    cache["redis_startup_nodes"] = [{"host": servers.HOST, "port": redis.ports[0]}]
    if "ssl_ca_certs" in cache:
        cache["ssl_ca_certs"] = str(redis.ca)
    return config


def _cache_access(config: Any, redis: Cache) -> dict[str, str]:
    """A password where the configuration reads one; where it names no authority, those that every image
    trusts."""
    found: dict[str, str] = {}
    cache = config["litellm_settings"]["cache_params"]
    if "password" in cache:
        found["REDIS_PASSWORD"] = PASSWORD
    if "ssl_ca_certs" not in cache:
        found["SSL_CERT_FILE"] = str(redis.ca)
    return found


def alive(gateway: Gateway) -> bool:
    try:
        return bool(gateway.get("/health/liveliness"))
    except OSError:
        return False


@pytest.fixture(scope="package")
def gateway(directory: Path, engine: Backend, provider: Backend, redis: Cache) -> Iterator[Gateway]:
    with run(directory, engine, provider, redis) as found:
        yield found
