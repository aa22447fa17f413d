"""Where secrets come from. The bundled provider is ``env``; the table in `providers_of` names them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gwctl.kit.references import VaultReference, environment_variable


class Provider(Protocol):
    """One kind of vault."""

    def read(self, reference: VaultReference, config: Mapping[str, Any]) -> str | None:
        """The value of the resource, None when there is none. ``config`` is that of the vault entity, or empty."""
        ...


@dataclass(frozen=True, slots=True)
class Environment:
    """Variables of this process as they were at its start; ``prefix`` stands before every name by default."""

    environ: Mapping[str, str]
    prefix: str = ""

    def read(self, reference: VaultReference, config: Mapping[str, Any]) -> str | None:
        prefix = config.get("prefix") or self.prefix
        return self.environ.get(environment_variable(reference, prefix))


def providers_of(enabled: Sequence[str], environ: Mapping[str, str], env_prefix: str) -> dict[str, Provider]:
    """The providers that the setting ``vaults`` (its words are ``enabled``) allows, by name."""
    return {"env": Environment(environ, env_prefix)} if {"env", "bundled"} & set(enabled) else {}
