"""Rules for texts: names, tags, header and cookie names, PEM (admin-api.md 0.9)."""

from __future__ import annotations

import re

from gwctl.schema.fields import Attributes

_NAME = re.compile(r"[0-9A-Za-z.\-_~]+")
_VERSION = re.compile(r"[0-9]+(?:\.|\Z)")
_UTF8_NAME = re.compile(r"[0-9A-Za-z.\-_~\u0080-\U0010ffff]+")
_TAG = re.compile(r"[\x20-\x2b\x2d\x2e\x30-\x7e\u0080-\U0010ffff]+")
_HEADER_NAME = re.compile(r"[A-Za-z0-9_-]+")
_COOKIE_NAME = re.compile(r"[^\x00-\x20\x7f()<>@,;:\\\"/?={}\[\]]+")


def utf8_name(text: str) -> str | None:
    if _UTF8_NAME.fullmatch(text) is None:
        return f"invalid value '{text}': the only accepted ascii characters are alphanumerics or ., -, _, and ~"
    return None


def name(text: str) -> str | None:
    """The names of older entities: ASCII only."""
    if _NAME.fullmatch(text) is None:
        return f"invalid value '{text}': it must only contain alphanumeric and '., -, _, ~' characters"
    return None


def semantic_version(text: str) -> str | None:
    """Digits and dots, then anything."""
    if _VERSION.match(text) is None:
        return "invalid version number: must be in format of X.Y.Z"
    return "must not have empty version segments" if ".." in text else None


def tag(text: str) -> str | None:
    if _TAG.fullmatch(text) is None:
        return f"invalid tag '{text}': expected printable ascii (except `,` and `/`) or valid utf-8 sequences"
    return None


def header_name(text: str) -> str | None:
    if _HEADER_NAME.fullmatch(text) is None:
        return f"bad header name '{text}', allowed characters are A-Z, a-z, 0-9, '_', and '-'"
    return None


def cookie_name(text: str) -> str | None:
    if _COOKIE_NAME.fullmatch(text) is None:
        return (
            "contains one or more invalid characters. ASCII control characters (0-31;127), space, tab and the "
            'characters ()<>@,;:\\"/?={}[] are not allowed.'
        )
    return None


def certificate(text: str) -> str | None:
    from gwctl.kit.pem import certificate_fault

    fault = certificate_fault(text)
    return None if fault is None else f"invalid certificate: {fault}"


def key(text: str) -> str | None:
    from gwctl.kit.pem import key_fault

    fault = key_fault(text)
    return None if fault is None else f"invalid key: {fault}"


NAME: Attributes = {"check": name}
SEMANTIC_VERSION: Attributes = {"check": semantic_version}
UTF8_NAME: Attributes = {"check": utf8_name}
TAG: Attributes = {"check": tag}
HEADER_NAME: Attributes = {"check": header_name}
COOKIE_NAME: Attributes = {"check": cookie_name}
CERTIFICATE: Attributes = {"check": certificate, "referenceable": True}
KEY: Attributes = {"check": key, "referenceable": True, "encrypted": True}
HTTP_METHOD: Attributes = {"match": r"\A[A-Z]+\Z"}
UUID: Attributes = {"uuid": True}
