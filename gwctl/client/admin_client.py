"""A small blocking client of the Admin API with errors for people."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from gwctl.kit.errors import GwctlError

MOST_BYTES = 64 * 1024 * 1024


class AdminError(GwctlError):
    """The Admin API could not be asked, or it refused.

    ``status`` is the HTTP status and ``body`` the decoded answer; both None when there was no answer.
    """

    code = "admin_api"

    def __init__(self, message: str, *, hint: str | None = None, status: int | None = None, body: Any = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.body = body


class AdminClient:
    """One Admin API; each call is one request on a connection of its own. Every method raises AdminError.

    ``base_url`` is ``http://host:port`` (also https, a path prefix, or just ``host:port``); ``timeout`` is in seconds
    and holds for the connection and for each read.
    """

    def __init__(self, base_url: str = "http://127.0.0.1:8001", timeout: float = 10.0) -> None:
        url = urlsplit(base_url if "://" in base_url else f"http://{base_url}")
        try:
            valid = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
        except ValueError:
            valid = False
        if not valid:
            raise AdminError(f"{base_url!r} is no address of an Admin API", hint="write it as http://127.0.0.1:8001")
        self._host = url.hostname or ""
        self._port = url.port or (443 if url.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._prefix = url.path.rstrip("/")
        self._timeout = timeout
        self.address = f"{url.scheme}://{url.netloc}{self._prefix}"

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The decoded body."""
        return self.request("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, values: Any = None) -> Any:
        return self.request("POST", path, {} if values is None else values)

    def put(self, path: str, values: Any) -> Any:
        return self.request("PUT", path, values)

    def patch(self, path: str, values: Any) -> Any:
        return self.request("PATCH", path, values)

    def delete(self, path: str) -> None:
        self.request("DELETE", path)

    def pages(self, path: str, *, size: int = 1000) -> Iterator[dict[str, Any]]:
        """Every record of a list, page by page."""
        following: str | None = f"{path}?{urlencode({'size': size})}"
        while following:
            page = self.get(following)
            yield from page["data"]
            following = page.get("next")

    def request(self, method: str, path: str, values: Any = None) -> Any:
        """One request; ``values`` is sent as JSON. Returns the decoded body, None when there is none."""
        body = None if values is None else json.dumps(values).encode()
        headers = {"Accept": "application/json"} | ({} if body is None else {"Content-Type": "application/json"})
        connection = self._connection()
        try:
            connection.request(method, self._prefix + path, body, headers)
            response = connection.getresponse()
            data = response.read(MOST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()
        if len(data) > MOST_BYTES:
            raise AdminError(f"the answer of {self.address}{path} is larger than {MOST_BYTES >> 20} MiB")
        return self._decoded(method, path, response.status, data)

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)

    def _decoded(self, method: str, path: str, status: int, data: bytes) -> Any:
        try:
            body = json.loads(data) if data else None
        except ValueError:
            raise AdminError(
                f"{self.address}{path} answered {status} with something that is not JSON",
                hint="is this the address of an Admin API?",
                status=status,
            ) from None
        if status >= 400:
            told = body.get("message") if isinstance(body, dict) else None
            raise AdminError(f"{method} {path}: {told or f'status {status}'}", status=status, body=body)
        return body

    def _unreachable(self, error: Exception) -> AdminError:
        match error:
            case ConnectionRefusedError():
                reason = "connection refused"
            case TimeoutError():
                return AdminError(
                    f"the Admin API at {self.address} did not answer within {self._timeout:g} s",
                    hint="is the control plane overloaded, or is this the wrong address?",
                )
            case ssl.SSLError():
                reason = f"TLS failed ({error.reason or error})"
            case _:
                reason = str(error) or type(error).__name__
        return AdminError(
            f"cannot reach the Admin API at {self.address}: {reason}",
            hint="is the control plane running? start it with 'gwctl cp start', or name another address",
        )
