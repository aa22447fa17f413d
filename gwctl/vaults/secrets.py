"""From a reference to its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gwctl.kit.references import ReferenceProblem, parse_reference, secret_of
from gwctl.vaults.providers import Provider


class Secrets:
    """Resolves references by the name of a provider, or by the prefix of a vault entity.

    ``vault`` gives the record of the entity ``vaults`` with that prefix, or None.
    """

    def __init__(
        self, providers: Mapping[str, Provider], vault: Callable[[str], Mapping[str, Any] | None] = lambda _: None
    ) -> None:
        self._providers = providers
        self._vault = vault

    def resolve(self, text: str) -> str:
        """The value behind the reference ``text``. Raises ReferenceProblem, whose message holds no secret."""
        reference = parse_reference(text)
        provider, config = self._find(reference.vault)
        return secret_of(reference, provider.read(reference, config))

    def _find(self, name: str) -> tuple[Provider, Mapping[str, Any]]:
        if name in self._providers:
            return self._providers[name], {}
        entity = self._vault(name)
        if entity is None or entity["name"] not in self._providers:
            raise ReferenceProblem(f"could not find vault ({name})")
        return self._providers[entity["name"]], entity.get("config") or {}
