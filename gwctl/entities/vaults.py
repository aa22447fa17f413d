"""vaults: where ``{vault://prefix/…}`` references lead (admin-api.md 1.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gwctl.entities.common import Standard
from gwctl.entities.vault_schema import VaultSchema
from gwctl.schema import Field, Schema, fields
from gwctl.schema.describe import describe_field
from gwctl.schema.messages import WRONG_TYPE
from gwctl.schema.variants import Variant, Variants


class Vault(Standard, name="vaults", endpoint_key="prefix", cache_key=("prefix",)):
    """One configured provider of secrets; its prefix is what references name."""

    prefix: str = fields.string(required=True, unique=True, match=r"\A[a-z][a-z0-9-]*[a-z0-9]\Z")
    name: str = fields.string(required=True, help="the provider")
    description: str | None = fields.string()
    config: Mapping[str, Any] = fields.json(json_object=True, required=True, default={})


def vault_variants(vaults: Mapping[str, VaultSchema]) -> Variants:
    """One variant per provider; every other name is refused, and no prefix may be the name of a provider."""
    prefix = prefix_field(vaults)
    by = {name: Variant({"prefix": prefix, "config": _config(vault)}) for name, vault in vaults.items()}
    return Variants("name", by, unknown="vault '%s' is not installed", wrong_type=WRONG_TYPE["string"])


def prefix_field(vaults: Mapping[str, VaultSchema]) -> Field:
    """The field ``prefix`` of a node that has these providers."""
    return replace(Vault.declared["prefix"], not_one_of=tuple(vaults))


def _config(vault: VaultSchema) -> Field:
    return Field(kind="record", name="config", record=vault.config, required=True, default={})


def describe_vault(schema: Schema, vault: VaultSchema) -> dict[str, Any]:
    """What ``/schemas/vaults/{name}`` shows (admin-api.md 2.6)."""
    compiled = schema.variant(schema.variants.choose(vault.name) if schema.variants else None)
    return {"fields": [{"config": describe_field(compiled.fields["config"])}], "entity_checks": []}
