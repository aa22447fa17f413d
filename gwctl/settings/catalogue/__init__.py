"""The catalogue: every setting that exists, by topic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gwctl.settings.catalogue.database import DATABASE
from gwctl.settings.catalogue.dns import DNS
from gwctl.settings.catalogue.extensions import EXTENSIONS, NAMESPACES
from gwctl.settings.catalogue.http import HTTP
from gwctl.settings.catalogue.hybrid import HYBRID
from gwctl.settings.catalogue.listening import LISTENING
from gwctl.settings.catalogue.logs import LOGS
from gwctl.settings.catalogue.process import PROCESS
from gwctl.settings.catalogue.tls import TLS
from gwctl.settings.declaration import Alias, Kind, Namespace, Setting, Status, Topic

TOPICS: tuple[Topic, ...] = (PROCESS, LISTENING, LOGS, HYBRID, DATABASE, HTTP, TLS, DNS, EXTENSIONS)

_SECRET_WORDS = ("token", "secret", "password", "_key", "credential")


@dataclass(frozen=True)
class Catalogue:
    """Settings by name, other names of settings, and the namespaces whose names are accepted with any suffix."""

    settings: Mapping[str, Setting]
    aliases: Mapping[str, Alias]
    namespaces: tuple[Namespace, ...]

    def __iter__(self) -> Iterator[Setting]:
        return iter(self.settings.values())

    def find(self, name: str) -> Setting | None:
        """The setting of ``name``, declared or in a namespace; aliases are not followed."""
        if name in self.settings:
            return self.settings[name]
        for namespace in self.namespaces:
            if name.startswith(namespace.prefix) and name != namespace.prefix:
                return _undeclared(name, namespace)
        return None

    def names(self) -> list[str]:
        """Every name one may write, for suggestions."""
        return [*self.settings, *self.aliases]


def _undeclared(name: str, namespace: Namespace) -> Setting:
    return Setting(
        name,
        Kind.STRING,
        None,
        f"Accepted because it begins with `{namespace.prefix}`.",
        secret=any(word in name for word in _SECRET_WORDS),
        status=Status.IGNORED,
        note=namespace.note,
    )


def _assemble() -> Catalogue:
    settings = {setting.name: setting for topic in TOPICS for setting in topic.settings}
    aliases = {alias.name: alias for topic in TOPICS for alias in topic.aliases}
    return Catalogue(settings, aliases, NAMESPACES)


CATALOGUE = _assemble()
