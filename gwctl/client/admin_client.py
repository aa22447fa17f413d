"""A small blocking client of the Admin API with errors for people."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from gwctl.client.access import DEFAULT_URL, Access, Address, NamedTlsConnection
from gwctl.client.errors import AdminError, refused, unreachable
from gwctl.client.lines import JsonLines

MOST_BYTES = 64 * 1024 * 1024
PAGE = 1000
"""Records that one request for a list asks for."""
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

_IS_IT_ONE = "is this the address of an Admin API?"


class AdminClient:
    """One Admin API; each call is one request on a connection of its own. Every method raises AdminError.

    ``base_url`` is ``http://host:port`` (also https, a path prefix, or just ``host:port``); ``timeout`` is in seconds
    and holds for the connection and for each read. ``access`` says more: headers, TLS.
    """

    def __init__(self, base_url: str = DEFAULT_URL, timeout: float = 10.0, *, access: Access | None = None) -> None:
        self._access = access or Access(base_url)
        self._at = Address.parse(self._access.url)
        self._context = self._access.tls.context() if self._at.tls else None
        self._timeout = timeout if self._access.timeout is None else self._access.timeout
        self.address = self._at.text

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The decoded body."""
        return self.request("GET", _with_query(path, query))

    def post(self, path: str, values: Any = None) -> Any:
        return self.request("POST", path, {} if values is None else values)

    def put(self, path: str, values: Any) -> Any:
        return self.request("PUT", path, values)

    def patch(self, path: str, values: Any) -> Any:
        return self.request("PATCH", path, values)

    def delete(self, path: str) -> None:
        self.request("DELETE", path)

    def pages(self, path: str, *, query: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
        """Every record of a list, page by page."""
        following: str | None = _with_query(path, {**(query or {}), "size": str(PAGE)})
        while following:
            page = self.get(following)
            records = page.get("data") if isinstance(page, dict) else None
            if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
                raise AdminError(f"{self.address}{path} answered with something that is no list", hint=_IS_IT_ONE)
            yield from records
            following = page.get("next")

    def request(self, method: str, path: str, values: Any = None) -> Any:
        """One request; ``values`` is sent as JSON. Returns the decoded body, None when there is none."""
        if values is None:
            return self.send(method, path)
        return self.send(method, path, json.dumps(values).encode(), JSON)

    def send(self, method: str, path: str, body: bytes | None = None, content_type: str | None = None) -> Any:
        """One request with a body as it is; returns the decoded answer, None when there is none."""
        with self._exchange(method, path, body, content_type, {}) as response:
            data = self._read(response, path)
            return self._decoded(method, path, response.status, data)

    @contextmanager
    def lines(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Iterator[dict[str, Any]]]:
        """The objects of an ``application/x-ndjson`` answer as they come.

        Iterating raises AdminError when the connection breaks before the end of the answer.
        """
        with self._exchange(method, path, body, content_type, headers or {}) as response:
            if response.status >= 400:
                self._decoded(method, path, response.status, self._read(response, path))
            yield self._guarded(JsonLines(response, MOST_BYTES))

    def _guarded(self, lines: JsonLines) -> Iterator[dict[str, Any]]:
        try:
            yield from lines
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(self.address, error, self._timeout) from error
        except ValueError:
            raise AdminError(
                f"{self.address} answered with something that is not JSON",
                hint="is this the address of an Admin API?",
            ) from None

    @contextmanager
    def _exchange(
        self, method: str, path: str, body: bytes | None, content_type: str | None, headers: Mapping[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        told = {"Accept": JSON, **self._access.headers, **headers}
        if content_type is not None:
            told["Content-Type"] = content_type
        connection = self._connection()
        try:
            try:
                response = _ask(connection, method, self._at.prefix + path, body, told)
            except (OSError, http.client.HTTPException) as error:
                raise unreachable(self.address, error, self._timeout) from error
            yield response
        finally:
            connection.close()

    def _read(self, response: http.client.HTTPResponse, path: str) -> bytes:
        try:
            data = response.read(MOST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(self.address, error, self._timeout) from error
        if len(data) > MOST_BYTES:
            raise AdminError(f"the answer of {self.address}{path} is larger than {MOST_BYTES >> 20} MiB")
        return data

    def _connection(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._at.host, self._at.port, timeout=self._timeout)
        return NamedTlsConnection(
            self._at.host, self._at.port, self._timeout, self._context, self._access.tls.server_name
        )

    def _decoded(self, method: str, path: str, status: int, data: bytes) -> Any:
        try:
            body = json.loads(data) if data else None
        except (ValueError, RecursionError):
            raise AdminError(
                f"{self.address}{path} answered {status} with something that is not JSON",
                hint=_IS_IT_ONE,
                status=status,
            ) from None
        if status >= 400:
            raise refused(f"{method} {path}", status, body)
        return body


def _ask(
    connection: http.client.HTTPConnection, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
) -> http.client.HTTPResponse:
    """Send and wait for the head of the answer. A server that refuses a large body answers before it has read it."""
    try:
        connection.request(method, target, body, headers)
    except (BrokenPipeError, ConnectionResetError):
        try:
            return connection.getresponse()
        except (OSError, http.client.HTTPException):
            pass
        raise
    return connection.getresponse()


def _with_query(path: str, query: Mapping[str, str] | None) -> str:
    return f"{path}?{urlencode(query)}" if query else path
