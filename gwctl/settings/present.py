"""Settings for people, for the Admin API and for a file; only the file sees secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gwctl.kit.references import is_reference
from gwctl.settings.catalogue import CATALOGUE
from gwctl.settings.conffile import write_line
from gwctl.settings.declaration import Kind, Status
from gwctl.settings.document import DOCUMENT, folded
from gwctl.settings.entry import Entries, Entry
from gwctl.settings.kinds import split_items
from gwctl.settings.listeners import Listener
from gwctl.settings.responses import enabled_headers
from gwctl.settings.sources import MASK

_LISTS = (Kind.ARRAY, Kind.CERTIFICATES)
_LISTENS = (Kind.LISTEN, Kind.STREAM_LISTEN)
_HEADERS = ("headers", "headers_upstream")
_DUMP_HEAD = (
    "# The settings that the node in this directory runs with.\n"
    "# Written by gwctl at each start and reload: changes made here are lost.\n"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of ``gwctl settings show``; ``value`` is masked, None when unset."""

    name: str
    value: str | None
    origin: str
    help: str
    status: Status


def rows(entries: Entries) -> list[Row]:
    """A row per setting, by name."""
    return [
        Row(name, _text(entry), entry.origin, entry.setting.help, entry.setting.status)
        for name, entry in sorted(entries.items())
    ]


def masked(entries: Entries) -> dict[str, Any]:
    """Plain data per setting, by name; None when unset."""
    return {name: _plain(entry) for name, entry in sorted(entries.items())}


def configuration(entries: Entries) -> dict[str, Any]:
    """What the reference answers: unset settings are absent, empty lists are ``{}``, listeners come parsed too."""
    shown: dict[str, Any] = {}
    for name, entry in entries.items():
        if entry.setting.kind in _LISTENS:
            shown.update(_listen(name, entry))
        elif entry.setting.kind in _LISTS:
            shown[name] = _plain(entry) or {}
        elif entry.value is not None:
            shown[name] = _plain(entry)
    shown.update(_by_other_names(entries))
    for name in _HEADERS:
        words = shown[name] or ()
        shown[name] = [word.lower() for word in words] or {}
    shown["enabled_headers"] = enabled_headers(_words(entries["headers"]))
    shown["loaded_vaults"] = {"env": True} if {"bundled", "env"} & set(_words(entries["vaults"])) else {}
    return dict(sorted(shown.items()))


def dump(entries: Entries) -> str:
    """Lines that load back to the same settings."""
    lines = [
        write_line(name, folded(entry.raw) if name == DOCUMENT else entry.raw)
        for name, entry in sorted(entries.items())
        if entry.raw is not None and (name == DOCUMENT or "\n" not in entry.raw)
    ]
    return _DUMP_HEAD + "\n".join(lines) + "\n"


def _by_other_names(entries: Entries) -> dict[str, Any]:
    return {
        alias.name: _text(entries[alias.target])
        for alias in CATALOGUE.aliases.values()
        if not alias.deprecated and entries[alias.target].value is not None
    }


def _listen(name: str, entry: Entry) -> dict[str, Any]:
    if entry.raw is None:
        return {}
    listeners = [item for item in entry.value if isinstance(item, Listener)] if isinstance(entry.value, tuple) else []
    stem = name.removesuffix("_listen")
    return {
        name: list(split_items(entry.raw)),
        f"{stem}_listeners": [listener.describe() for listener in listeners] or {},
        f"{stem}_ssl_enabled": any(listener.ssl for listener in listeners),
    }


def _words(entry: Entry) -> list[str]:
    return [word for word in entry.value if isinstance(word, str)] if isinstance(entry.value, tuple) else []


def _text(entry: Entry) -> str | None:
    return MASK if entry.setting.secret and entry.raw is not None else entry.raw


def _plain(entry: Entry) -> Any:
    if entry.raw is None:
        return None
    if entry.setting.secret:
        return MASK
    if entry.setting.kind in _LISTS + _LISTENS:
        return list(split_items(entry.raw))
    return entry.raw if is_reference(entry.raw) else entry.value
