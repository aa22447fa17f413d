"""Documents of several hundred records. Each moves a window over what it declares, so that one after another they
create, change and remove; each has a route of its own, which tells who serves it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

TAG = "soak-files"
WIDTH = 80
_STEP = 9
_MISSING = ("key-auth", "acl", "jwt", "rate-limiting", "cors", "http-log")


def marker(prefix: str, number: int) -> str:
    """The path that only document ``number`` serves."""
    return f"/{prefix}-version-{number}"


def window(number: int) -> range:
    """What document ``number`` declares of each kind."""
    return range(number * _STEP, number * _STEP + WIDTH)


def service_names(prefix: str, number: int) -> set[str]:
    return {f"{prefix}-{each}" for each in window(number)} | {f"{prefix}-version"}


def document(prefix: str, number: int, url: str, *, steady: bool = False) -> dict[str, Any]:
    """Document ``number``; its routes lead to ``url``. With ``steady`` also a route ``/steady``, the same in each."""
    services = [_service(prefix, each, number, url) for each in window(number)]
    services.append(_plain(f"{prefix}-version", url, marker(prefix, number)))
    if steady:
        services.append(_plain("steady", url, "/steady"))
    return {
        "_format_version": "3.0",
        "services": services,
        "consumers": [_consumer(prefix, each) for each in window(number)],
        "upstreams": [_upstream(prefix, each, url) for each in window(number) if each % 5 == 0],
        "key_sets": [{"name": f"{prefix}-set-{each}"} for each in window(number) if each % 10 == 0],
        "vaults": [{"name": "env", "prefix": f"{prefix}-vault", "config": {"prefix": f"V{number}_"}}],
    }


def silent_path(prefix: str, each: int) -> str | None:
    """The path of the route with a plugin that no node runs, for those that have one."""
    return f"/{prefix}-silent/{each}" if each % 3 == 0 else None


def _plain(name: str, url: str, path: str) -> dict[str, Any]:
    return {"name": name, "url": url, "routes": [{"name": name, "paths": [path]}]}


def _service(prefix: str, each: int, number: int, url: str) -> dict[str, Any]:
    name = f"{prefix}-{each}"
    routes: list[dict[str, Any]] = [{"name": name, "paths": [f"/{prefix}/{each}"]}]
    if (silent := silent_path(prefix, each)) is not None:
        plugin = _plugin(each, number)
        routes.append({"name": f"{prefix}-silent-{each}", "paths": [silent], "plugins": [plugin]})
    return {"name": name, "url": url, "retries": number % 5 if each % 4 == 0 else 5, "routes": routes}


def _plugin(each: int, number: int) -> dict[str, Any]:
    name = _MISSING[each % len(_MISSING)]
    configs: dict[str, dict[str, Any]] = {
        "acl": {"allow": ["a-group"]},
        "rate-limiting": {"minute": 1 + number % 7, "policy": "local"},
        "http-log": {"http_endpoint": "http://127.0.0.1:9/log"},
    }
    return {"name": name, "config": configs.get(name, {})}


def _consumer(prefix: str, each: int) -> dict[str, Any]:
    name = f"{prefix}-user-{each}"
    found: dict[str, Any] = {"username": name, "keyauth_credentials": [{"key": f"{name}-key"}]}
    if each % 4 == 0:
        found["basicauth_credentials"] = [{"username": name, "password": "very secret"}]
        found["acls"] = [{"group": "a-group"}, {"group": name}]
        found["jwt_secrets"] = [{"key": f"{name}-jwt", "secret": "very secret"}]
    return found


def _upstream(prefix: str, each: int, url: str) -> dict[str, Any]:
    targets = [{"target": urlsplit(url).netloc, "weight": 1 + each % 9}, {"target": "127.0.0.1:9", "weight": 0}]
    return {"name": f"{prefix}-up-{each}", "targets": targets}
