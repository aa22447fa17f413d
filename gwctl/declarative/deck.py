"""decK files: the declarative format with decK's own keys, which the gateway does not know (admin-api.md 3.1, 4.1).

`read` strips ``_info``, ``_konnect``, ``_workspace`` and ``_plugin_configs``, having done what they ask for, and fills
``${{ env "X" }}`` in. What is left is a plain declarative document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gwctl.declarative.errors import DeclarativeError, Locate, Path, Spot, faults_error
from gwctl.declarative.source import Source, clean_bytes, read_source, yaml_source
from gwctl.declarative.templates import Template

KEYS = ("_info", "_konnect", "_workspace", "_plugin_configs")
_INFO = frozenset({"select_tags", "defaults", "default_lookup_tags"})
_DEFAULT_WORKSPACE = "default"


@dataclass(frozen=True, slots=True)
class DeckFile:
    """A document without decK's keys. ``locate`` finds its paths in the file; ``warnings`` are for people."""

    document: dict[str, Any] = field(repr=False)
    select_tags: tuple[str, ...] = ()
    workspace: str | None = None
    locate: Locate | None = field(default=None, repr=False)
    name: str | None = None
    warnings: tuple[str, ...] = field(default_factory=tuple)


def read(text: str | bytes, environ: Mapping[str, str], *, name: str | None = None, expand: bool = True) -> DeckFile:
    """The decK file in ``text``; ``environ`` is where ``${{ env "X" }}`` looks.

    ``expand`` false leaves placeholders as they are. Raises DeclarativeError for text that cannot be read, variables
    that are not set, and decK's keys where they are not what decK means.
    """
    source = _source(text, environ, name) if expand else read_source(text, name)
    if not isinstance(source.document, dict):
        raise faults_error([((), "expected an object")], file=name, locate=source.locate)
    faults = list(_faults(source.document))
    if faults:
        raise faults_error(faults, file=name, locate=source.locate)
    document = source.document
    info = document.get("_info") or {}
    workspace = document.get("_workspace")
    plain = {key: value for key, value in document.items() if key not in KEYS}
    changes = _Changes(info.get("defaults") or {}, document.get("_plugin_configs") or {})
    done = changes.document(plain)
    if changes.faults:
        raise faults_error(changes.faults, file=name, locate=source.locate)
    warnings = tuple(f"{name or 'text'}:{twice}" for twice in source.duplicates)
    return DeckFile(done, tuple(info.get("select_tags") or ()), workspace, source.locate, name, warnings)


def _source(text: str | bytes, environ: Mapping[str, str], name: str | None) -> Source:
    data = clean_bytes(text, name)
    template = Template(data.decode(), environ)
    if not template.is_used:
        return read_source(data, name)
    source = yaml_source(template.text.encode(), name, template.value)
    if template.faults:
        spots = [Spot(name, *mark, ()) for mark, _ in template.faults]
        texts = list(dict.fromkeys(message for _, message in template.faults))
        raise DeclarativeError(
            {"error": "; ".join(texts)},
            faults=[((), message) for _, message in template.faults],
            locate=lambda paths: spots,
            file=name,
        )
    return source


def _faults(document: Mapping[str, Any]) -> list[tuple[Path, str]]:
    faults: list[tuple[Path, str]] = [
        ((key,), "expected an object")
        for key in ("_info", "_konnect", "_plugin_configs")
        if not _is_object(document.get(key))
    ]
    workspace = document.get("_workspace")
    if workspace is not None and workspace != _DEFAULT_WORKSPACE:
        text = f"there is only the workspace '{_DEFAULT_WORKSPACE}', not {workspace!r}: remove _workspace"
        faults.append((("_workspace",), text))
    info = document.get("_info")
    if isinstance(info, dict):
        faults += _faults_of_info(info)
    configs = document.get("_plugin_configs")
    if isinstance(configs, dict):
        faults += [
            (("_plugin_configs", key), "expected an object") for key, value in configs.items() if not _is_object(value)
        ]
    return faults


def _faults_of_info(info: Mapping[str, Any]) -> list[tuple[Path, str]]:
    faults: list[tuple[Path, str]] = [(("_info", key), "unknown field") for key in info if key not in _INFO]
    tags = info.get("select_tags")
    if tags is not None and not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
        faults.append((("_info", "select_tags"), "expected a list of tags"))
    defaults = info.get("defaults")
    if defaults is not None and not (isinstance(defaults, dict) and all(map(_is_object, defaults.values()))):
        faults.append((("_info", "defaults"), "expected an object of objects, such as service: {retries: 3}"))
    return faults


def _is_object(value: Any) -> bool:
    return value is None or isinstance(value, dict)


class _Changes:
    """Lays defaults under entities and named configurations under plugins; never changes what it is given."""

    def __init__(self, defaults: Mapping[str, Any], configs: Mapping[str, Any]) -> None:
        self.faults: list[tuple[Path, str]] = []
        self._defaults = {_plural(name): values for name, values in defaults.items() if values}
        self._configs = configs

    def document(self, document: dict[str, Any]) -> dict[str, Any]:
        if not self._defaults and not self._configs:
            return document
        return {
            key: self._entities(key, value, (key,)) if _is_entities(value) else value for key, value in document.items()
        }

    def _entities(self, kind: str, listed: list[Any], path: Path) -> list[Any]:
        return [
            self._entity(kind, values, (*path, position)) if isinstance(values, dict) else values
            for position, values in enumerate(listed)
        ]

    def _entity(self, kind: str, values: dict[str, Any], path: Path) -> dict[str, Any]:
        done = {
            key: self._entities(key, value, (*path, key)) if _is_entities(value) and key not in _PLAIN_LISTS else value
            for key, value in values.items()
        }
        default = self._defaults.get(kind)
        if default is not None:
            done = _laid_under(default, done)
        if kind == "plugins" and "_config" in done:
            done = self._configured(done, path)
        return done

    def _configured(self, plugin: dict[str, Any], path: Path) -> dict[str, Any]:
        name = plugin.pop("_config")
        config = self._configs.get(name) if isinstance(name, str) else None
        if config is None:
            self.faults.append(((*path, "_config"), f"_plugin_configs has no {name!r}"))
            return plugin
        return {**plugin, "config": _laid_under(config, plugin.get("config") or {})}


_PLAIN_LISTS = frozenset({"sources", "destinations", "_ignore"})
"""Lists of objects that are no entities."""


def _plural(name: str) -> str:
    return name if name.endswith("s") else f"{name}s"


def _is_entities(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _laid_under(default: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` with what only ``default`` has, object by object; null in ``values`` stays."""
    done = dict(values)
    for key, value in default.items():
        there = done.get(key)
        if key not in done:
            done[key] = value
        elif isinstance(there, dict) and isinstance(value, dict):
            done[key] = _laid_under(value, there)
    return done
