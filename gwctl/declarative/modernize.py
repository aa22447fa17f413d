"""Older files → format 3.0: regular expressions among paths get their ``~``, old plugin fields become new ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gwctl.declarative.items import Nesting
from gwctl.declarative.upgrade import CURRENT, FORMATS, upgrade_paths
from gwctl.entities.catalog import Catalog
from gwctl.schema import Errors
from gwctl.schema.expansion import compile_expansion
from gwctl.schema.validators import no_peers


@dataclass(slots=True)
class Modernized:
    """A document of format 3.0 and, for people, what was changed in it or could not be."""

    document: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def modernize(document: Mapping[str, Any], catalog: Catalog) -> Modernized:
    """``document``, also a decK file or one without a version (taken for 1.1), as format 3.0; it is only read.

    What does not load stays as it is, for `load` to report.
    """
    version = document.get("_format_version") or document.get("format_version")
    work = _Work(catalog, upgrade=version != CURRENT)
    done: dict[str, Any] = {"_format_version": CURRENT}
    for key, value in document.items():
        if key in ("_format_version", "format_version"):
            continue
        done[key] = work.entities(key, value) if key in catalog else value
    if version != CURRENT:
        known = str(version) if version in FORMATS or version is not None else "none"
        work.notes.insert(0, f"format {known} became {CURRENT}")
    return Modernized(done, work.notes)


class _Work:
    def __init__(self, catalog: Catalog, *, upgrade: bool) -> None:
        self.notes: list[str] = []
        self._catalog = catalog
        self._nesting = Nesting(catalog)
        self._upgrade = upgrade

    def entities(self, name: str, listed: Any) -> Any:
        if not isinstance(listed, list):
            return listed
        return [self._entity(name, values) if isinstance(values, dict) else values for values in listed]

    def _entity(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        below = self._nesting[name]
        done = {key: self.entities(key, value) if key in below else value for key, value in values.items()}
        if self._upgrade and name == "routes" and isinstance(done.get("paths"), list):
            done["paths"] = self._paths(done)
        if name == "plugins" and isinstance(done.get("config"), dict):
            done["config"] = self._config(str(done.get("name")), done["config"])
        return done

    def _paths(self, route: Mapping[str, Any]) -> list[Any]:
        upgraded: list[Any] = upgrade_paths(route["paths"])
        for old, new in zip(route["paths"], upgraded, strict=True):
            if old != new:
                self.notes.append(f"route {route.get('name') or '(unnamed)'}: path {old} became {new}")
        return upgraded

    def _config(self, name: str, config: dict[str, Any]) -> dict[str, Any]:
        plugin = self._catalog.plugins.get(name)
        if plugin is None:
            return config
        expand = compile_expansion(plugin.config.declared, plugin.config.shorthands, no_peers)
        if expand is None:
            return config
        errors: Errors = {}
        warnings: list[str] = []
        expanded = expand(config, errors, warnings)
        if errors:
            self.notes.append(f"plugin {name}: not converted, because of {', '.join(sorted(errors))}")
            return config
        self.notes += dict.fromkeys(warnings)
        return expanded
