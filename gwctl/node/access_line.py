"""The access log line of the Admin and Status APIs: nginx's ``combined`` format."""

from __future__ import annotations

import re
import time

from gwctl.kit.asgi import Scope, header

_UNSAFE = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")
_MOST_CHARACTERS = 8192


def access_line(scope: Scope, status: int, written: int, began: float) -> str:
    """``written`` is the number of body bytes, ``began`` the arrival in seconds since the epoch; no line end."""
    client = scope.get("client")
    target = (scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")).decode("latin-1")
    request = f"{scope['method']} {target} HTTP/{scope['http_version']}"
    when = time.strftime("%d/%b/%Y:%H:%M:%S %z", time.localtime(began))
    referer, agent = header(scope, b"referer"), header(scope, b"user-agent")
    return (
        f'{client[0] if client else "-"} - - [{when}] "{_safe(request)}" {status} {written} '
        f'"{_safe(referer or "-")}" "{_safe(agent or "-")}"'
    )


def _safe(text: str) -> str:
    return _UNSAFE.sub(lambda match: f"\\x{ord(match[0]):02X}", text[:_MOST_CHARACTERS])
