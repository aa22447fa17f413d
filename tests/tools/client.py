"""A small HTTP client for tests: one connection per request, the answer as it came."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(
    method: str,
    url: str,
    *,
    form: Sequence[tuple[str, str]] | Mapping[str, str] | None = None,
    data: Any = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 10.0,
) -> Answer:
    """One request: ``form`` as curl -d would, ``data`` as JSON, or a raw ``body``. Header names come in lower case."""
    sent = dict(headers or {})
    if form is not None:
        pairs = list(form.items()) if isinstance(form, Mapping) else list(form)
        body = urllib.parse.urlencode(pairs).encode()
        sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
    elif data is not None:
        body = json.dumps(data).encode()
        sent.setdefault("Content-Type", "application/json")
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body=body, headers=sent)
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()
