"""keys and key_sets: public and private keys that plugins look up by their id (admin-api.md 1.8)."""

from __future__ import annotations

from gwctl.entities.common import Standard
from gwctl.entities.key_rules import jwk_rule, pair_matches, pem_given, private_key, public_key
from gwctl.schema import Record, Reference, fields
from gwctl.schema.checks import AtLeastOneOf, Custom, MutuallyExclusive


class KeySet(Standard, name="key_sets", path="key-sets", endpoint_key="name"):
    """A named group of keys."""

    name: str | None = fields.string(unique=True)


class PemPair(Record):
    """The halves of one key; either may be missing."""

    private_key: str | None = fields.string(check=private_key, referenceable=True, encrypted=True)
    public_key: str | None = fields.string(check=public_key, referenceable=True)


class Key(
    Standard,
    name="keys",
    endpoint_key="name",
    unique=(("kid", "set"),),
    cache_key=("kid", "set"),
    checks=(
        MutuallyExclusive(("pem", "jwk")),
        AtLeastOneOf(("pem", "jwk")),
        Custom(("jwk", "kid"), jwk_rule),
        Custom(("pem",), pem_given),
    ),
):
    """One key, as a JSON Web Key or as PEM."""

    set: Reference | None = fields.foreign("key_sets", on_delete="cascade")
    name: str | None = fields.string(unique=True)
    kid: str = fields.string(required=True, help="the key's id; unique within its set")
    jwk: str | None = fields.string(referenceable=True, encrypted=True, help="a JSON Web Key, as text")
    pem: PemPair | None = fields.record(PemPair, check=pair_matches)
