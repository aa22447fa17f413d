"""Vault references as values of settings (hybrid.md 2.4): only the vault ``env`` can be meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gwctl.kit.references import ReferenceProblem, environment_variable, parse_reference, secret_of


@dataclass(frozen=True, slots=True)
class Vaults:
    """The vaults that references may name, with what they read."""

    environ: Mapping[str, str]
    enabled: Sequence[str]
    env_prefix: str

    def resolve(self, text: str) -> str:
        """The value behind the reference ``text``. Raises ReferenceProblem."""
        reference = parse_reference(text)
        if reference.vault != "env" or not {"env", "bundled"} & set(self.enabled):
            raise ReferenceProblem(f"could not find vault ({reference.vault})")
        return secret_of(reference, self.environ.get(environment_variable(reference, self.env_prefix)))
