"""What a route may and must set, by the family of its protocols (admin-api.md 1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gwctl.schema import Field
from gwctl.schema.checks import ConditionalAtLeastOneOf
from gwctl.schema.errors import ENTITY
from gwctl.schema.texts import header_name
from gwctl.schema.variants import Variant, Variants

_WITH_SNI = ("grpcs", "https", "tls", "tls_passthrough")


def header_rule(name: str) -> str | None:
    """A header name other than ``host``, which has a field of its own."""
    if name.lower() == "host":
        return "cannot contain 'host' header, which must be specified in the 'hosts' attribute"
    return header_name(name)


def snis_rule(route: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Server names need a protocol with TLS."""
    if not route.get("snis") or not set(route["protocols"]).isdisjoint(_WITH_SNI):
        return None
    return {
        "snis": "length must be 0",
        ENTITY: ["'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'"],
    }


def _refused(protocols: str, **kinds: Field) -> dict[str, Field]:
    return {name: _only_null(name, field, protocols) for name, field in kinds.items()}


def _only_null(name: str, field: Field, protocols: str) -> Field:
    return replace(field, eq=None, message=f"cannot set '{name}' when 'protocols' is {protocols}")


_LIST = Field(kind="array", elements=Field(kind="string"))
_SET = Field(kind="set", elements=Field(kind="string"))
_MAP = Field(kind="map", keys=Field(kind="string"), values=_LIST)

_HTTP_NAMES = ("methods", "hosts", "headers", "paths")
_GRPC_NAMES = ("hosts", "headers", "paths")
_ADDRESSES = {"sources": _SET, "destinations": _SET}


def route_variants(*more: str, addresses: bool = False) -> Variants:
    """The rules by protocol. ``more`` names fields that count as matchers of every family; ``addresses`` allows sources
    and destinations to all of them."""
    refused = {} if addresses else _ADDRESSES
    http, stream, grpc = _http(more, refused), _stream(more), _grpc(more, refused)
    return Variants(
        "protocols",
        {
            "http": http,
            "https": http,
            "tcp": stream,
            "tls": stream,
            "udp": stream,
            "tls_passthrough": stream,
            "grpc": grpc,
            "grpcs": grpc,
        },
    )


def _http(more: tuple[str, ...], refused: Mapping[str, Field]) -> Variant:
    names = (*_HTTP_NAMES, *more)
    return Variant(
        fields=_refused("'http' or 'https'", **refused),
        checks=(
            ConditionalAtLeastOneOf(
                "protocols",
                {"contains": "https"},
                (*_HTTP_NAMES, "snis", *more),
                "must set one of %s when 'protocols' is 'https'",
                else_match={"contains": "http"},
                else_names=names,
                else_message="must set one of %s when 'protocols' is 'http'",
            ),
        ),
    )


def _stream(more: tuple[str, ...]) -> Variant:
    tls = "must set one of %s" if more else "must set snis"
    return Variant(
        fields=_refused(
            "'tcp', 'tls', 'tls_passthrough' or 'udp'", methods=_SET, hosts=_LIST, paths=_LIST, headers=_MAP
        ),
        checks=(
            ConditionalAtLeastOneOf(
                "protocols",
                {"elements": Field(kind="string", one_of=("tcp", "tls", "udp"))},
                ("sources", "destinations", "snis", *more),
                "must set one of %s when 'protocols' is 'tcp', 'tls' or 'udp'",
            ),
            ConditionalAtLeastOneOf(
                "protocols",
                {"elements": Field(kind="string", one_of=("tls_passthrough",))},
                ("snis", *more),
                f"{tls} when 'protocols' is 'tls_passthrough'",
            ),
        ),
    )


def _grpc(more: tuple[str, ...], refused: Mapping[str, Field]) -> Variant:
    strip_path = Field(
        kind="boolean",
        required=True,
        default=False,
        ne=True,
        message="cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'",
    )
    return Variant(
        fields={"strip_path": strip_path, **_refused("'grpc' or 'grpcs'", methods=_SET, **refused)},
        checks=(
            ConditionalAtLeastOneOf(
                "protocols",
                {"contains": "grpcs"},
                (*_GRPC_NAMES, "snis", *more),
                "must set one of %s when 'protocols' is 'grpcs'",
                else_match={"contains": "grpc"},
                else_names=(*_GRPC_NAMES, *more),
                else_message="must set one of %s when 'protocols' is 'grpc'",
            ),
        ),
    )
