"""A model server that speaks OpenAI's protocol: answers, streams, and fails when told to."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

WORDS = ("one", "two", "three", "four", "five")


class Backend(ThreadingHTTPServer):
    """Counts what it is asked. ``fails`` answers 500; ``pause_s`` lies between two chunks of a stream;
    ``tokens`` are what it says that question and answer had, each."""

    daemon_threads = True

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.name = name
        self.reset()

    def reset(self) -> None:
        self.fails, self.pause_s, self.tokens = False, 0.0, 5
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        backend = cast(Backend, self.server)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        backend.requests.append(asked)
        backend.keys.append(self.headers.get("Authorization", ""))
        if backend.fails:
            self._send(500, {"error": {"message": "told to fail", "type": "server_error"}})
        elif asked.get("stream"):
            self._stream(backend, asked["model"])
        else:
            message = {"role": "assistant", "content": f"{backend.name}: {' '.join(WORDS)}"}
            tokens = backend.tokens
            usage = {"prompt_tokens": tokens, "completion_tokens": tokens, "total_tokens": 2 * tokens}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self._send(200, {**head(asked["model"], "chat.completion"), "choices": [choice], "usage": usage})

    def _send(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, backend: Backend, model: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        first = head(model, "chat.completion.chunk")
        for word in (*WORDS, None):
            delta = {} if word is None else {"role": "assistant", "content": f"{word} "}
            choice = {"index": 0, "delta": delta, "finish_reason": "stop" if word is None else None}
            self._chunk(f"data: {json.dumps({**first, 'choices': [choice]})}\n\n")
            time.sleep(backend.pause_s)
        self._chunk("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: a test asserts on what was asked."""


def head(model: str, kind: str) -> dict[str, object]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


@contextmanager
def backend(name: str) -> Iterator[Backend]:
    """A server in a thread, on a free port."""
    with Backend(name) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
