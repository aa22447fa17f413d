"""Settings that name a vault, and hosts that only this machine knows (hybrid.md 12.4; the C numbers are its list's)."""

from __future__ import annotations

import re

import pytest

from tests.tools.client import ask
from tests.tools.gateway import Place
from tests.tools.postgres import Database
from tests.tools.traditional import Traditional

ALARMING = re.compile(r"\[(warn|error|crit|alert|emerg)\]")


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("{vault://env/ipheader}", "could not get value from external vault (no value found)"),
        ("{vault://nowhere/ipheader}", "could not find vault (nowhere)"),
    ],
)
def test_c4_a_reference_without_a_value_stops_the_start(place: Place, reference: str, reason: str) -> None:
    refused = place.gwctl("start", "-p", "node", ok=False, env={"KONG_REAL_IP_HEADER": reference})

    assert refused.code == 1
    assert refused.out == ""
    told = f"Error: failed to dereference '{reference}': {reason} for config option 'real_ip_header'\n"
    assert refused.err.startswith(told), refused
    place.becomes_empty()


def test_c5_c6_a_reference_is_needed_to_start_and_not_to_stop(place: Place) -> None:
    node = Traditional(place)
    node.environ |= {"KONG_REAL_IP_HEADER": "{vault://env/ipheader}", "IPHEADER": "X-Forwarded-For"}
    node.started()

    shown = ask("GET", f"http://127.0.0.1:{node.admin_port}/").json()["configuration"]
    kept = (node.prefix / ".kong_env").read_text()
    healthy = place.gwctl("health", "-p", node.prefix)
    stopped = place.gwctl("stop", "-p", node.prefix)

    assert "X-Forwarded-For" not in str(shown)
    assert "real_ip_header = {vault://env/ipheader}\n" in kept
    assert "X-Forwarded-For" not in kept
    assert healthy.out.endswith(f"Kong is healthy at {node.prefix}\n")
    assert (stopped.out, stopped.err) == ("Kong stopped\n", "")
    assert "vault://" not in node.log
    assert not ALARMING.search(node.log), node.log
    place.becomes_empty()


@pytest.mark.postgres
def test_c15_c37_a_prepared_prefix_with_a_secret_and_a_host_of_the_hosts_file(place: Place, database: Database) -> None:
    """``localhost`` is in no name server; the name of the database is the secret."""
    node = Traditional(place)
    node.environ |= database.environ() | {
        "KONG_PG_HOST": "localhost",
        "KONG_PG_DATABASE": "{vault://env/pg-database}",
        "PG_DATABASE": database.name,
    }
    node.prepare()

    assert node.gwctl("prepare").out == ""
    assert database.name not in (node.prefix / ".kong_env").read_text()
    refused = node.gwctl("start", ok=False, env={"PG_DATABASE": "not_there"})

    assert refused.code == 1
    assert refused.err.startswith("Error: [PostgreSQL error] ")
    assert "not_there" in refused.err
    assert node.gwctl("start").out == "Kong started\n"
    node.gwctl("stop")
