"""The pages of compatibility and differences are complete, and what they name exists."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "reference" / "compatibility.md"
DIFFERENCES = REPOSITORY / "docs" / "concepts" / "differences.md"

PROMISED = {"A": 37, "R": 12, "U": 9, "C": 43, "S": 9}
"""How many ids each list has; they count from 1."""
ADMIN = {
    "04-admin_api/01-admin_api": 1,
    "02-kong_routes": 14,
    "03-consumers_routes": 13,
    "04-plugins_routes": 8,
    "05-cache_routes": 1,
    "06-certificates_routes": 11,
    "07-upstreams_routes": 6,
    "08-targets_routes": 9,
    "09-routes_routes": 12,
    "10-services_routes": 7,
    "11-reports": 3,
    "14-tags": 2,
    "15-off": 19,
    "16-ca_certificates": 1,
    "17-foreign": 1,
    "19-vaults": 1,
    "20-timers": 7,
    "08-status_api": 1,
    "11-dbless": 3,
    "02-cmd/11-config": 1,
    "01-schema/03-typedefs": 6,
    "06-routes": 8,
    "07-plugins": 6,
    "01-schema": 8,
    "11-declarative_config": 6,
}
"""The same for entities, the Admin API and declarative files."""
DATA_PATH = {
    "17.1": 198,
    "17.2": 117,
    "17.3/01-proxy": 8,
    "17.3/02-router": 75,
    "17.3/03-upstream_headers": 73,
    "17.3/04-plugins_triggering": 29,
    "17.3/05-dns": 4,
    "17.3/06-ssl": 32,
    "17.3/07-timeouts": 5,
    "17.3/08-uri": 5,
    "17.3/09-websockets": 8,
    "17.3/10-balancer/01-healthchecks": 37,
    "17.3/10-balancer/02-least-connections": 3,
    "17.3/10-balancer/03-consistent-hashing": 22,
    "17.3/10-balancer/04-round-robin": 8,
    "17.3/10-balancer/05-recreate": 2,
    "17.3/10-balancer/05-stress": 8,
    "17.3/10-balancer/06-stream": 2,
    "17.3/10-balancer/07-latency": 3,
    "17.3/11-handler": 3,
    "17.3/12-error_default_type": 12,
    "17.3/13-error_handlers": 2,
    "17.3/14-server_tokens": 43,
    "17.3/15-upstream-status": 7,
    "17.3/16": 1,
    "17.3/18-upstream_tls": 17,
    "17.3/19-grpc": 15,
    "17.3/21-grpc_plugins": 4,
    "17.3/22-reports": 12,
    "17.3/23-context": 5,
    "17.3/24-buffered": 8,
    "17.3/25-keepalive": 6,
    "17.3/26-udp": 1,
    "17.3/27-trusted-cert": 3,
    "17.3/27-unbuffered": 24,
    "17.3/28-stream_plugins": 4,
    "17.3/29": 1,
    "17.3/30-max-args": 4,
    "17.3/31-stream_tls": 3,
    "17.3/32": 1,
    "17.3/33-aware-table": 3,
    "17.3/33-request-id": 10,
    "17.3/34": 1,
    "17.3/35-via": 4,
}
"""The same for the router, the balancer and the proxy."""
IDS = [
    *(f"hybrid {letter}{number}" for letter, count in PROMISED.items() for number in range(1, count + 1)),
    *(f"{group}#{number}" for group, count in (ADMIN | DATA_PATH).items() for number in range(1, count + 1)),
]

_ROW = re.compile(r"^\| (hybrid \w+|[\w./-]+#\d+|[A-Z]+-?\d+) \| (.+?) \| (.*) \|$", re.MULTILINE)
_PLUGIN = re.compile(r"[A-Z]+-?\d+")
"""What plugins promise; that list is complete when they run."""
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_LATER = re.compile(r'later: "([^"]{12,})"')
_DIFFERS = re.compile(r"differs: \[([^\]]+)\]\(\.\./concepts/differences\.md#([\w-]+)\)")


@dataclass(frozen=True)
class Row:
    identity: str
    promise: str
    cell: str

    @property
    def tests(self) -> list[tuple[str, str]]:
        return _TEST.findall(self.cell)

    @property
    def differences(self) -> list[tuple[str, str]]:
        """Subject and section of differences.md."""
        return _DIFFERS.findall(self.cell)

    @property
    def kind(self) -> str:
        """How far the promise is kept; what is only held in part counts as later."""
        if _LATER.search(self.cell):
            return "later"
        return "held" if self.tests else "different"


ROWS = [Row(*found) for found in _ROW.findall(PAGE.read_text())]


@cache
def functions_of(path: str) -> frozenset[str]:
    """Names of the functions at the top of a test file or in its classes."""
    file = REPOSITORY / path
    assert file.is_file(), f"{path} does not exist"
    tree = ast.parse(file.read_text())
    owners = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    return frozenset(node.name for owner in owners for node in owner.body if isinstance(node, ast.FunctionDef))


def anchor_of(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def subjects() -> dict[str, set[str]]:
    """What differences.md has an entry for, by section."""
    found: dict[str, set[str]] = {}
    for text in re.split(r"^## ", DIFFERENCES.read_text(), flags=re.MULTILINE)[1:]:
        title, _, body = text.partition("\n")
        cells = re.findall(r"^\| ([^|]+) \|.*\|.*\|$", body, re.MULTILINE)
        found[anchor_of(title)] = {cell for cell in cells if cell != "subject"}
    return found


def test_every_promise_is_on_the_page_once() -> None:
    assert Counter(row.identity for row in ROWS if not _PLUGIN.fullmatch(row.identity)) == Counter(IDS)
    assert [name for name, count in Counter(row.identity for row in ROWS).items() if count > 1] == []


def test_a_promise_is_held_or_says_why_not() -> None:
    for row in ROWS:
        assert row.tests or row.differences or _LATER.search(row.cell), row
        rest = _DIFFERS.sub("", _LATER.sub("", _TEST.sub("", row.cell)))
        assert rest.replace("<br>", "") == "", f"{row.identity}: not understood: {rest}"


def test_what_a_promise_points_to_exists() -> None:
    known = subjects()
    for row in ROWS:
        for path, name in row.tests:
            assert name in functions_of(path), f"{row.identity}: {path} has no {name}"
        for subject, section in row.differences:
            assert subject in known.get(section, ()), f"{row.identity}: differences.md has no {subject!r} in #{section}"


def test_differences_have_one_of_four_reasons_and_one_name() -> None:
    sections = subjects()

    assert set(sections) == {
        "the-references-runtime",
        "enterprise-only-in-the-reference",
        "later-than-381",
        "defects-of-the-reference",
    }
    assert all(sections.values())
    names = Counter(name for section in sections.values() for name in section)
    assert [name for name, count in names.items() if count > 1] == []


def test_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = Counter(row.kind for row in ROWS)

    with capsys.disabled():
        print(f"\ncompatibility: {kinds['held']} held, {kinds['later']} later, {kinds['different']} different")
    assert sum(kinds.values()) == len(ROWS) >= len(IDS)
