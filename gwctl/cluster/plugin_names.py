"""Which plugins a configuration needs: the names of the enabled ones, kept in step with its changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

PLUGINS = "plugins"


class PluginNames:
    """Holds a name per enabled plugin record; ``names`` is replaced, never changed, so any thread may read it."""

    def __init__(self) -> None:
        self._by_key: dict[str, str] = {}
        self.names: frozenset[str] = frozenset()

    def load(self, documents: Iterable[bytes]) -> None:
        """Begin again with the records of ``documents``, canonical JSON texts."""
        self._by_key = {}
        for text in documents:
            record = orjson.loads(text)
            self._note(record["id"], record)
        self._publish()

    def change(self, changes: Iterable[tuple[str, str, Mapping[str, Any] | None]]) -> None:
        """Follow changes (entity, key, record or None), of whatever entities."""
        touched = False
        for entity, key, record in changes:
            if entity == PLUGINS:
                touched = True
                self._note(key, record)
        if touched:
            self._publish()

    def _note(self, key: str, record: Mapping[str, Any] | None) -> None:
        if record is None or not record.get("enabled", True):
            self._by_key.pop(key, None)
        else:
            self._by_key[key] = record["name"]

    def _publish(self) -> None:
        self.names = frozenset(self._by_key.values())
