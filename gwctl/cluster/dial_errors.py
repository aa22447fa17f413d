"""Why a control plane could not be reached, in words that name the likely cause."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator

from websockets.exceptions import InvalidHandshake, InvalidStatus

_BODY_LIMIT = 500
_NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNEXPECTED_EOF_WHILE_READING")


def explain_dial(error: BaseException, explain_tls: Callable[[BaseException], str]) -> str:
    """One line for a failed attempt; ``explain_tls`` knows the certificates."""
    if isinstance(error, InvalidStatus):
        return _explain_status(error)
    tls = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)), None)
    if tls is not None:
        if tls.reason in _NOT_TLS[:3]:
            return "the address does not speak TLS: is it the cluster_listen port (8005) of a control plane?"
        return explain_tls(tls)
    if isinstance(error, TimeoutError):
        return "failed to connect: timed out"
    if isinstance(error, socket.gaierror):
        return f"failed to connect: host name cannot be resolved ({error.strerror})"
    if isinstance(error, OSError):
        return f"failed to connect: {_os_text(error)}"
    if isinstance(error, (InvalidHandshake, EOFError)):
        return (
            "the control plane closed the connection without an answer: "
            "is the cluster_cert of this node the one of the control plane?"
        )
    return f"failed to connect: {error or type(error).__name__}"


def _explain_status(error: InvalidStatus) -> str:
    status, body = error.response.status_code, error.response.body or b""
    lines = bytes(body[:_BODY_LIMIT]).decode(errors="replace").strip().splitlines()
    if status == 403 and lines:
        return f"refused: {lines[0]}"
    text = f": {lines[0]}" if lines else ""
    return f"the control plane answered HTTP {status} instead of opening the link{text}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _os_text(error: OSError) -> str:
    if error.errno is None:
        return str(error) or type(error).__name__
    return os.strerror(error.errno).lower()
