"""Data instead of lines: ``-o json|yaml`` of commands that tell something, with the exit codes of the lines."""

from __future__ import annotations

import json

import yaml

from tests.tools.gateway import ControlPlane, Place


def test_migrations_tell_what_waits_as_data(place: Place) -> None:
    empty = place.gwctl("migrations", "list", "-o", "json", ok=False)
    assert empty.code == 3
    assert json.loads(empty.out)["needs_bootstrap"] is True

    place.gwctl("migrations", "bootstrap", "--quiet")

    listed = json.loads(place.gwctl("migrations", "list", "-o", "json").out)
    assert listed["needs_bootstrap"] is False
    assert "000_base" in listed["executed_migrations"][0]["migrations"]
    assert yaml.safe_load(place.gwctl("migrations", "status", "-o", "yaml").out) == listed


def test_health_as_data_keeps_its_exit_code(place: Place) -> None:
    control_plane = ControlPlane(place)
    place.set_up("hybrid", "gen_cert")
    control_plane.prepare()
    control_plane.start()

    running = json.loads(control_plane.gwctl("cp", "health", "-o", "json").out)
    control_plane.stop()
    stopped = control_plane.gwctl("cp", "health", "-o", "json", ok=False)

    assert running["running"] is True
    assert running["role"] == "control_plane"
    assert all(running["services"].values())
    assert stopped.code == 1
    assert json.loads(stopped.out)["running"] is False


def test_versions_as_data(place: Place) -> None:
    assert json.loads(place.gwctl("version", "-o", "json").out)["Kong"] == "3.8.1"
    assert "Python" in yaml.safe_load(place.gwctl("version", "--all", "-o", "yaml").out)


def test_check_refuses_an_unknown_setting_and_names_the_nearest(place: Place) -> None:
    conf = place.directory / "gwctl.conf"
    conf.write_text("proxy_lisen = 127.0.0.1:8000\n")

    checked = place.gwctl("check", str(conf), ok=False)
    data = place.gwctl("check", str(conf), "-o", "json", ok=False)

    assert checked.code == 1
    assert checked.err.count("\n") == 1, checked
    assert checked.err.startswith("[error] unknown setting 'proxy_lisen' in ")
    assert "did you mean 'proxy_listen'?" in checked.err
    assert data.code == 1
    assert json.loads(data.out)["valid"] is False
