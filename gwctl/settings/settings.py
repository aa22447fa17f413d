"""The settings of one node, complete and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from gwctl.settings import loading, present
from gwctl.settings.catalogue import CATALOGUE
from gwctl.settings.declaration import Kind
from gwctl.settings.endpoints import Endpoint, parse_endpoint, parse_port_map
from gwctl.settings.entry import Entries, Entry
from gwctl.settings.errors import Notice
from gwctl.settings.kinds import size_in_bytes
from gwctl.settings.labels import parse_labels
from gwctl.settings.listeners import Listener
from gwctl.settings.places import absolute
from gwctl.settings.responses import response_headers, upstream_headers

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """How one node runs. Made by ``load``; immutable and picklable, so that a process can hand it to its children.

    Accessors take every name of a setting; KeyError means an unknown one, TypeError one of another kind.
    """

    entries: Entries
    home: Path
    prefix: Path
    database_path: Path
    notices: tuple[Notice, ...]

    @classmethod
    def load(
        cls,
        *,
        role: str | None = None,
        conf: Path | None = None,
        environ: Mapping[str, str],
        flags: Mapping[str, str] | None = None,
        under: Path | None = None,
        surroundings: loading.Surroundings | None = None,
    ) -> Settings:
        """The settings that ``conf`` (or the first default file), ``environ`` and ``flags`` (by setting name) make.

        ``role`` overrides the setting, for a command that belongs to one role. ``under`` is the file of a running node
        (``dump``) that ``conf`` is read over. Raises SettingsError with every problem.
        """
        loaded = loading.load(role, conf, environ, flags or {}, under, surroundings or loading.Surroundings())
        return cls(loaded.entries, loaded.home, loaded.prefix, loaded.database_path, tuple(loaded.notices))

    @staticmethod
    def find_prefix(
        *,
        role: str | None = None,
        conf: Path | None = None,
        environ: Mapping[str, str],
        flags: Mapping[str, str] | None = None,
        surroundings: loading.Surroundings | None = None,
    ) -> Path:
        """Where the node would live, whatever else is wrong: for stop, quit and health. Raises nothing."""
        return loading.find_prefix(role, conf, environ, flags or {}, surroundings or loading.Surroundings())

    def __repr__(self) -> str:
        return f"<Settings of {self.role} in {self.prefix}>"

    @property
    def role(self) -> str:
        return self._required("role")

    @property
    def database(self) -> str:
        return self._required("database")

    @property
    def labels(self) -> dict[str, str]:
        return parse_labels(self.words("cluster_dp_labels"))

    @property
    def control_planes(self) -> tuple[Endpoint, ...]:
        return tuple(parse_endpoint(word) for word in self.words("cluster_control_plane"))

    @property
    def port_maps(self) -> dict[int, int]:
        """Published ports by local port."""
        return dict(parse_port_map(word) for word in self.words("port_maps"))

    @property
    def response_headers(self) -> frozenset[str]:
        """Canonical names of the headers that answers get."""
        return response_headers(self.words("headers"))

    @property
    def upstream_headers(self) -> frozenset[str]:
        return upstream_headers(self.words("headers_upstream"))

    def entry(self, name: str) -> Entry:
        """All about one setting."""
        alias = CATALOGUE.aliases.get(name)
        return self.entries[alias.target if alias else name]

    def text(self, name: str) -> str | None:
        """A string, enum, path, size or on/off word; certificate and key paths are absolute."""
        return self._value(name, str)

    def flag(self, name: str) -> bool:
        """A boolean or ngx_boolean; unset is False (``text`` or ``is_set`` tell the difference)."""
        value = self.entry(name).value
        if value in ("on", "off"):
            return value == "on"
        return self._value(name, bool) or False

    def is_set(self, name: str) -> bool:
        return self.entry(name).value is not None

    def integer(self, name: str) -> int | None:
        """A whole number; None when unset or ``auto``."""
        return None if self.entry(name).value == "auto" else self._value(name, int)

    def number(self, name: str) -> float | None:
        value = self.entry(name).value
        return float(value) if type(value) is int else self._value(name, float)

    def size(self, name: str) -> int | None:
        """Bytes."""
        text = self.text(name)
        return None if text is None else size_in_bytes(text)

    def words(self, name: str) -> tuple[str, ...]:
        """The items of an array; none when unset."""
        return self._tuple(name, str)

    def listeners(self, name: str) -> tuple[Listener, ...]:
        """The addresses of a listen setting; none when off or unset. Which a role opens is the node's matter."""
        return self._tuple(name, Listener)

    def path(self, name: str) -> Path | None:
        """A path or log, seen from the prefix; None when unset or ``off``. A log's format word is dropped."""
        text = self.text(name)
        if text is None or text == "off":
            return None
        return absolute(text.split()[0] if self.entry(name).setting.kind is Kind.LOG else text, self.prefix)

    def origin(self, name: str) -> str:
        """Where the value comes from: ``default``, ``conf file /x``, ``environment GWCTL_X``, ``flag -p`` ..."""
        return self.entry(name).origin

    def masked(self) -> dict[str, Any]:
        """Every setting with its value as plain data, secrets as ``******``, references unresolved; sorted."""
        return present.masked(self.entries)

    def rows(self) -> list[present.Row]:
        """One row per setting for a table, sorted by name, secrets masked."""
        return present.rows(self.entries)

    def configuration(self) -> dict[str, Any]:
        """The object ``configuration`` of the Admin API's ``GET /`` (observed.md 2.2), secrets masked."""
        return present.configuration(self.entries)

    def dump(self) -> str:
        """All as a conf file that loads back to them, references kept, **secrets in clear** (hybrid.md 2.1)."""
        return present.dump(self.entries)

    def _required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise KeyError(name)
        return value

    def _value(self, name: str, kind: type[_T]) -> _T | None:
        value = self.entry(name).value
        if value is not None and type(value) is not kind:
            raise TypeError(f"setting {name} is no {kind.__name__}")
        return value

    def _tuple(self, name: str, kind: type[_T]) -> tuple[_T, ...]:
        value = self._value(name, tuple)
        items = value or ()
        if any(type(item) is not kind for item in items):
            raise TypeError(f"setting {name} has no {kind.__name__} items")
        return items
