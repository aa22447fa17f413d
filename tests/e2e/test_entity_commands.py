"""``gwctl get|create|update|delete`` of the installed program against a running control plane."""

from __future__ import annotations

import json

from tests.tools.gateway import ControlPlane, Place
from tests.tools.walking import control_plane

__all__ = ["control_plane"]


def test_records_from_the_command_line(control_plane: ControlPlane, place: Place) -> None:
    place.gwctl("create", "service", "name=a", "url=http://up:81/x")
    place.gwctl("create", "consumer", "username=bob")
    key = json.loads(place.gwctl("create", "key-auth", "--consumer", "bob", "-o", "json").out)["key"]
    assert len(key) == 32

    place.gwctl("update", "services/a", "retries=2")
    assert control_plane.ask("GET", "/services/a").json()["retries"] == 2
    refused = place.gwctl("create", "service", "name=a", "host=x", ok=False)
    assert (refused.code, refused.out) == (1, "")
    assert "UNIQUE violation detected on '{name=\"a\"}'" in refused.err
    assert place.gwctl("get", "services", "-o", "name").out == "services/a\n"
    assert place.gwctl("delete", "service", "a").out == "services/a deleted\n"
