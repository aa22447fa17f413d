"""One body in each of the three encodings that the Admin API takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from tests.integration.admin.conftest import Admin
from tests.integration.admin.serving import Answer

URLENCODED, MULTIPART, JSON = "urlencoded", "multipart", "json"
ALL = (URLENCODED, MULTIPART, JSON)
BOUNDARY = "--------------0123456789"
MULTIPART_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def ask_as(admin: Admin, encoding: str, method: str, path: str, values: Mapping[str, Any]) -> Answer:
    """The request with ``values`` in that encoding."""
    if encoding == JSON:
        return admin.ask(method, path, dict(values))
    pairs = list(_pairs("", values))
    if encoding == URLENCODED:
        return admin.ask(method, path, form=urlencode(pairs))
    return admin.ask(method, path, data=multipart(pairs), headers={"Content-Type": MULTIPART_TYPE})


def multipart(pairs: list[tuple[str, str]]) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs
    ]
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()


def _pairs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _pairs(f"{name}.{key}" if name else key, item)
    elif isinstance(value, list):
        for index, item in enumerate(value, 1):
            yield from _pairs(f"{name}[{index}]", item)
    elif isinstance(value, bool):
        yield name, str(value).lower()
    else:
        yield name, "" if value is None else str(value)
