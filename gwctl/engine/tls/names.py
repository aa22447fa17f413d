"""Server names of TLS handshakes, and the records that they may mean (proxy.md 10.1). Sans-IO."""

from __future__ import annotations

import re

_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_PORT = re.compile(r":\d+$")
_LABELS = re.compile(r"[a-z0-9_*](?:[a-z0-9_*-]*[a-z0-9_*])?(?:\.[a-z0-9_*](?:[a-z0-9_*-]*[a-z0-9_*])?)*")
_LONGEST = 253
ANY = "*"


def name_fault(name: str) -> str | None:
    """Why the lower-case ``name`` cannot be that of a record; None when it can."""
    if _IPV4.fullmatch(name) or name.count(":") > 1:
        return "must not be an IP"
    if _PORT.search(name):
        return "must not have a port"
    if len(name) > _LONGEST or not _LABELS.fullmatch(name):
        return f"invalid value: {name}"
    if name.count("*") > 1:
        return "only one wildcard must be specified"
    if "*" in name and name != ANY and not (name.startswith("*.") or name.endswith(".*")):
        return "wildcard must be leftmost or rightmost character"
    return None


def candidates(name: str) -> tuple[str, ...]:
    """The names of records for ``name``, the best first."""
    first, _, rest = name.partition(".")
    found = [name]
    if rest.count(".") >= 1 and first:
        found.append(f"*.{rest}")
    if rest:
        found.append(f"{name.rpartition('.')[0]}.*")
    found.append(ANY)
    return tuple(found)
