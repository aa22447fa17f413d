"""OpenAPI 3 → a declarative document: a service per server, a route per operation. Same input, same file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from gwctl.declarative.upgrade import CURRENT
from gwctl.kit.errors import GwctlError

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PARAMETER = re.compile(r"\{([^{}]*)\}")
_SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}]")
_NOT_NAME = re.compile(r"[^A-Za-z0-9._~]+")
_NOT_GROUP = re.compile(r"[^A-Za-z0-9_]")
_NOT_TAG = re.compile(r"[,/\x00-\x1f\x7f]")
_LONGEST_GROUP = 32
_PLUGIN = "x-kong-plugin-"

_FIXED_FIRST, _FILLED_LATER = 200, 100
"""regex_priority of paths without and with parameters: ``/a/b`` is asked before ``/a/{x}``."""

Document = dict[str, Any]


def is_openapi(document: Any) -> bool:
    """Whether this is an OpenAPI (or Swagger) document and no declarative one."""
    return isinstance(document, dict) and ("openapi" in document or "swagger" in document)


def convert_openapi(document: Mapping[str, Any], *, tags: Sequence[str] = (), server: str | None = None) -> Document:
    """The services, routes, upstreams and plugins of an OpenAPI 3 document.

    ``tags`` are put on everything; ``server`` is the URL of the upstream application where the document names none or a
    relative one. Raises GwctlError naming the place of what cannot be converted.
    """
    if not str(document.get("openapi", "")).startswith("3."):
        found = document.get("openapi") or f"Swagger {document.get('swagger')}"
        raise GwctlError(f"only OpenAPI 3 can be converted, this is {found}", hint="convert it to OpenAPI 3 first")
    return _Conversion(document, tags, server).run()


class _Conversion:
    def __init__(self, document: Mapping[str, Any], tags: Sequence[str], server: str | None) -> None:
        self._document = document
        self._server = server
        self._tags = [*tags, *_texts(document.get("x-kong-tags"))]
        self._names: set[str] = set()
        self._services: dict[str, Document] = {}
        self._upstreams: dict[str, Document] = {}
        info = document.get("info")
        title = info.get("title") if isinstance(info, Mapping) else None
        self._title = _slug(document.get("x-kong-name") or title or "openapi")

    def run(self) -> Document:
        paths = self._document.get("paths") or {}
        if not isinstance(paths, Mapping):
            raise GwctlError("paths: expected an object")
        for path, item in paths.items():
            if not isinstance(item, Mapping):
                raise GwctlError(f"paths.{path}: expected an object")
            self._path(str(path), item)
        done: Document = {"_format_version": CURRENT, "services": list(self._services.values())}
        return {**done, "upstreams": list(self._upstreams.values())} if self._upstreams else done

    def _path(self, path: str, item: Mapping[str, Any]) -> None:
        for method in _METHODS:
            operation = item.get(method)
            if operation is None:
                continue
            if not isinstance(operation, Mapping):
                raise GwctlError(f"paths.{path}.{method}: expected an object")
            where = f"paths.{path}.{method}"
            servers = operation.get("servers") or item.get("servers")
            service = self._service(servers or self._document.get("servers"), where if servers else "servers")
            service["routes"].append(self._route(path, method, operation, item, service["name"]))

    def _route(
        self, path: str, method: str, operation: Mapping[str, Any], item: Mapping[str, Any], service: str
    ) -> Document:
        own = operation.get("x-kong-name") or operation.get("operationId") or f"{method}-{path}"
        regex, has_parameters = _regex(path)
        route: Document = {
            "name": self._unique(f"{service}_{_slug(own)}"),
            "paths": [f"~{regex}$"],
            "methods": [method.upper()],
            "strip_path": False,
            "regex_priority": _FILLED_LATER if has_parameters else _FIXED_FIRST,
            **_object(self._document.get("x-kong-route-defaults")),
            **_object(item.get("x-kong-route-defaults")),
            **_object(operation.get("x-kong-route-defaults")),
        }
        tags = [*self._tags, *map(_tag, _texts(operation.get("tags"))), *_texts(operation.get("x-kong-tags"))]
        return _completed(route, tags, {**_plugins(item), **_plugins(operation)})

    def _service(self, servers: Any, where: str) -> Document:
        urls = [self._url(server, where) for server in servers or [{"url": "/"}]]
        key = " ".join(urls)
        service = self._services.get(key)
        if service is None:
            service = self._services[key] = self._new_service(urls)
        return service

    def _new_service(self, urls: Sequence[str]) -> Document:
        suffix = "" if not self._services else f"-{len(self._services) + 1}"
        name = self._unique(f"{self._title}{suffix}")
        first = urlsplit(urls[0])
        service: Document = {
            "name": name,
            "protocol": first.scheme,
            "host": first.hostname,
            "port": _port(urls[0]),
            **({"path": first.path.rstrip("/")} if first.path.rstrip("/") else {}),
            **_object(self._document.get("x-kong-service-defaults")),
        }
        if len(urls) > 1:
            service["host"] = f"{name}.upstream"
            self._upstreams[name] = self._upstream(f"{name}.upstream", urls)
        completed = _completed(service, self._tags, _plugins(self._document))
        completed["routes"] = []
        return completed

    def _upstream(self, name: str, urls: Sequence[str]) -> Document:
        first = urlsplit(urls[0])
        for url in urls[1:]:
            other = urlsplit(url)
            if (other.scheme, other.path.rstrip("/")) != (first.scheme, first.path.rstrip("/")):
                raise GwctlError(
                    f"servers: {url} and {urls[0]} differ in more than their host: one service cannot be both"
                )
        targets = [{"target": f"{_host(url)}:{_port(url)}"} for url in dict.fromkeys(urls)]
        upstream = {"name": name, "targets": targets, **_object(self._document.get("x-kong-upstream-defaults"))}
        return _completed(upstream, self._tags, {})

    def _url(self, server: Any, where: str) -> str:
        """The address of a server with its variables at their defaults."""
        if not isinstance(server, Mapping) or not isinstance(server.get("url"), str):
            raise GwctlError(f"{where}: a server needs a url")
        variables = _object(server.get("variables"))
        url = _PARAMETER.sub(
            lambda found: str(_object(variables.get(found[1])).get("default", found[0])), server["url"]
        )
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and not _PARAMETER.search(url):
            return url
        if self._server is None or parts.scheme or parts.hostname:
            raise GwctlError(f"{where}: '{url}' says no http or https host", hint="--server URL names the application")
        return f"{self._server.rstrip('/')}/{url.strip('/')}".rstrip("/")

    def _unique(self, name: str) -> str:
        number, unique = 1, name
        while unique in self._names:
            number += 1
            unique = f"{name}-{number}"
        self._names.add(unique)
        return unique


def _regex(path: str) -> tuple[str, bool]:
    """``/orders/{id}`` → ``/orders/(?<id>[^/]+)``, and whether there are parameters."""
    pieces: list[str] = []
    groups: set[str] = set()
    end = 0
    for found in _PARAMETER.finditer(path):
        pieces.append(_SPECIAL.sub(r"\\\g<0>", path[end : found.start()]))
        pieces.append(f"(?<{_group(found[1], groups)}>[^/]+)")
        end = found.end()
    pieces.append(_SPECIAL.sub(r"\\\g<0>", path[end:]))
    regex = "".join(pieces)
    return regex if regex.startswith("/") else f"/{regex}", bool(groups)


def _group(parameter: str, taken: set[str]) -> str:
    base = _NOT_GROUP.sub("_", parameter) or "p"
    base = (f"p_{base}" if base[0].isdigit() else base)[:_LONGEST_GROUP]
    number, name = 1, base
    while name in taken:
        number += 1
        name = f"{base[: _LONGEST_GROUP - 3]}_{number}"
    taken.add(name)
    return name


def _completed(values: Document, tags: Sequence[str], plugins: Mapping[str, Any]) -> Document:
    done = dict(values)
    if tags:
        done["tags"] = list(dict.fromkeys(tags))
    if plugins:
        done["plugins"] = [{"name": name, **_object(config)} for name, config in plugins.items()]
    return done


def _plugins(holder: Mapping[str, Any]) -> dict[str, Any]:
    return {key.removeprefix(_PLUGIN): value for key, value in holder.items() if key.startswith(_PLUGIN)}


def _host(url: str) -> str:
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host


def _port(url: str) -> int:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise GwctlError(f"servers: '{url}': {error}") from None
    return port if port is not None else 443 if parts.scheme == "https" else 80


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, str) and item)


def _slug(text: object) -> str:
    return _NOT_NAME.sub("-", str(text)).strip("-").lower() or "openapi"


def _tag(text: str) -> str:
    return _NOT_TAG.sub("-", text)
