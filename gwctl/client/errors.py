"""Errors of the Admin API for people: what was refused, each single field, and the exit code."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

from gwctl.kit.errors import GwctlError

UNAVAILABLE = 69
RETRY_LATER = 75
NOT_PERMITTED = 77

_NOT_PERMITTED = frozenset({401, 403})
_BUSY = frozenset({412, 429, 503})
_TREES = frozenset({2, 14})
"""Codes whose fields are a tree of texts: schema violation, invalid declarative configuration."""


class AdminError(GwctlError):
    """The Admin API could not be asked, or it refused.

    ``status`` is the HTTP status and ``body`` the decoded answer; both None when there was no answer. ``details`` has a
    line for each refused field. Exit codes: 69 nobody answers, 75 try again later, 77 not permitted, otherwise 1.
    """

    code = "admin_api"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        status: int | None = None,
        body: Any = None,
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint, exit_code=_exit_code(status) if exit_code is None else exit_code)
        self.status = status
        self.body = body
        self.details = tuple(field_lines(fields_of(body)))


def _exit_code(status: int | None) -> int:
    if status in _NOT_PERMITTED:
        return NOT_PERMITTED
    return RETRY_LATER if status in _BUSY else GwctlError.exit_code


def refused(what: str, status: int, body: Any) -> AdminError:
    """The refusal ``body`` of the request called ``what``; fields become lines instead of one long message."""
    told = body.get("message") if isinstance(body, dict) else None
    name = body.get("name") if isinstance(body, dict) else None
    short = name if fields_of(body) else told
    hint = "name a token with GWCTL_ADMIN_TOKEN or --admin-token-file" if status in _NOT_PERMITTED else None
    return AdminError(f"{what}: {short or f'status {status}'}", hint=hint, status=status, body=body)


def unreachable(address: str, error: Exception, timeout: float) -> AdminError:
    """Nobody answered at ``address``; ``timeout`` (seconds) is how long somebody waited."""
    hint = "is the control plane running? start it with 'gwctl cp start', or name another address"
    match error:
        case ConnectionRefusedError():
            reason = "connection refused"
        case TimeoutError():
            return AdminError(
                f"the Admin API at {address} did not answer within {timeout:g} s",
                hint="is the control plane overloaded, or is this the wrong address?",
                exit_code=UNAVAILABLE,
            )
        case ssl.SSLCertVerificationError():
            return AdminError(
                f"cannot trust the Admin API at {address}: {error.verify_message}",
                hint="name its authority with --ca, or the name in its certificate with --tls-server-name",
                exit_code=NOT_PERMITTED,
            )
        case ssl.SSLError():
            reason, hint = (
                f"TLS failed ({error.reason or error})",
                "is this a TLS port, and does it want a certificate?",
            )
        case http.client.IncompleteRead() | ConnectionResetError():
            reason = "the connection broke before the end of the answer"
        case _:
            reason = str(error) or type(error).__name__
    return AdminError(f"cannot reach the Admin API at {address}: {reason}", hint=hint, exit_code=UNAVAILABLE)


def fields_of(body: Any) -> Mapping[str, Any]:
    """What is wrong with each field of what was sent; empty when the message says it all."""
    if not isinstance(body, dict) or body.get("code") not in _TREES:
        return {}
    fields = body.get("fields")
    return fields if isinstance(fields, dict) else {}


def field_lines(errors: Any, path: str = "") -> Iterator[str]:
    """``config.minute: expected a number`` for every leaf of an error tree; texts about a whole record stand alone."""
    if errors is None:
        return
    if isinstance(errors, Mapping):
        for name, error in sorted(errors.items(), key=lambda item: item[0] != "@entity"):
            yield from _below(path, str(name), error)
    elif isinstance(errors, list):
        for index, error in enumerate(errors):
            yield from field_lines(error, f"{path}[{index}]")
    else:
        yield f"{path}: {errors}" if path else str(errors)


def _below(path: str, name: str, error: Any) -> Iterator[str]:
    if name == "@entity":
        for text in error if isinstance(error, list) else [error]:
            yield f"{path}: {text}" if path else str(text)
    else:
        yield from field_lines(error, f"{path}.{name}" if path else name)
