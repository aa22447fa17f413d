"""What the house knows of a vault provider that may be configured (admin-api.md 1.8, hybrid.md 2.4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gwctl.schema import Record, fields


@dataclass(frozen=True, slots=True)
class VaultSchema:
    """The declaration of one provider: ``config`` is the record class of the field ``config`` of its vaults."""

    name: str
    config: type[Record]


class EnvConfig(Record):
    """Where the provider ``env`` looks: in variables whose names begin with ``prefix``."""

    prefix: str | None = fields.string(match=r"\A[A-Za-z_-][A-Za-z0-9_-]*\Z")


ENV = VaultSchema("env", EnvConfig)

BUNDLED: tuple[VaultSchema, ...] = (ENV,)
"""The providers that come with the gateway."""


def by_name(vaults: Iterable[VaultSchema]) -> dict[str, VaultSchema]:
    return {vault.name: vault for vault in vaults}
