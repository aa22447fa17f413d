"""What the long run writes through the Admin API: records of every kind that come and go, one request each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.tools import pem

OWNER = "owner"
"""The consumer that all credentials belong to; it stays."""
SILENT_ROUTES = 4
"""Routes that no traffic asks for: their plugin comes and goes, and no node runs it."""
LIVE_ROUTES = 20
_NAMESPACE = uuid.UUID("5b3f5b0e-6f6a-4c8e-9b7e-0d6f3c8a1d11")


@dataclass(frozen=True)
class Subject:
    """One record: PUT ``data`` to ``path`` makes it, DELETE removes it. ``look`` is where it is then, or 404."""

    path: str
    data: dict[str, Any]
    look: str


def subjects() -> list[Subject]:
    """All of them, in an order that mixes the kinds."""
    found = [*_routes(), *_plugins(), *_people(), *_secrets(), *_balanced()]
    return found[::2] + found[1::2]


def silent(number: int) -> str:
    return f"silent-{number}"


def silent_plugin(number: int) -> str:
    """The id of the plugin of a silent route."""
    return _id(f"plugin {number}")


def live(number: int) -> str:
    return f"live-{number:02}"


def _id(name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, name))


def _routes() -> Iterator[Subject]:
    for number in range(LIVE_ROUTES):
        name = live(number)
        yield Subject(
            f"/services/steady/routes/{name}",
            {"name": name, "paths": [f"/{name}"], "tags": ["live"]},
            f"/routes/{name}",
        )


def _plugins() -> Iterator[Subject]:
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("key-auth", {"key_names": ["apikey"]}),
        ("rate-limiting", {"minute": 5, "policy": "local"}),
        ("cors", {"origins": ["http://a.test"]}),
        ("request-transformer", {"add": {"headers": ["x-a:b"]}}),
    ]
    for number in range(SILENT_ROUTES):
        name, config = kinds[number % len(kinds)]
        path = f"/plugins/{silent_plugin(number)}"
        body = {"name": name, "route": {"id": _id(f"route {number}")}, "config": config}
        yield Subject(path, body, path)


def silent_routes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and body that make the silent routes."""
    for number in range(SILENT_ROUTES):
        name = silent(number)
        yield (
            f"/routes/{_id(f'route {number}')}",
            {"name": name, "paths": [f"/{name}"], "service": {"name": "steady"}},
        )


def _people() -> Iterator[Subject]:
    for number in range(6):
        yield Subject(f"/consumers/user-{number}", {"username": f"user-{number}"}, f"/consumers/user-{number}")
    owner = f"/consumers/{OWNER}"
    credentials: list[tuple[str, str, dict[str, Any]]] = [
        ("key-auth", "a-key", {"key": "a-key"}),
        ("basic-auth", "basic-name", {"username": "basic-name", "password": "very secret"}),
        ("hmac-auth", "hmac-name", {"username": "hmac-name", "secret": "very secret"}),
        ("jwt", "jwt-key", {"key": "jwt-key", "secret": "very secret"}),
        ("acls", "a-group", {"group": "a-group"}),
    ]
    for kind, name, data in credentials:
        yield Subject(f"{owner}/{kind}/{name}", data, f"{owner}/{kind}/{name}")
    application = f"/oauth2/{_id('application')}"
    yield Subject(
        application,
        {"name": "an application", "redirect_uris": ["http://a.test/back"], "consumer": {"username": OWNER}},
        application,
    )


def _secrets() -> Iterator[Subject]:
    yield Subject(
        "/vaults/some-env", {"name": "env", "prefix": "some-env", "config": {"prefix": "X_"}}, "/vaults/some-env"
    )
    private, public = pem.key_pair()
    yield Subject("/key-sets/a-set", {"name": "a-set"}, "/key-sets/a-set")
    yield Subject(
        "/keys/a-key",
        {"name": "a-key", "kid": "1", "pem": {"private_key": private, "public_key": public}},
        "/keys/a-key",
    )
    authority = f"/ca_certificates/{_id('authority')}"
    yield Subject(authority, {"cert": pem.AUTHORITY}, authority)
    certificate, key = pem.certificate_and_key("a.test")
    for number, pair in enumerate(
        ({"cert": certificate, "key": key}, {"cert": "{vault://env/soak-cert}", "key": "{vault://env/soak-key}"})
    ):
        path = f"/certificates/{_id(f'certificate {number}')}"
        yield Subject(path, {**pair, "snis": [f"sni-{number}.test"]}, f"/snis/sni-{number}.test")


def _balanced() -> Iterator[Subject]:
    for number in range(3):
        yield Subject(f"/upstreams/up-{number}", {"name": f"up-{number}"}, f"/upstreams/up-{number}")
