"""The command line itself: words, help, failures, output."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gwctl import KONG_VERSION, __version__
from gwctl.cli.failures import show_failure
from gwctl.cli.main import run
from gwctl.cli.options import Format
from gwctl.cli.output import show, table
from gwctl.kit.errors import GwctlError

HEAVY = (
    "sqlalchemy",
    "alembic",
    "cryptography",
    "lmdb",
    "h11",
    "starlette",
    "psycopg",
    "websockets",
    "uvicorn",
    "yaml",
)


@pytest.mark.parametrize("words", [["--help"], ["dp", "start", "--help"], ["migrations", "--help"], ["version"]])
def test_a8_help_imports_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys; from gwctl.cli.main import run; code = run(sys.argv[1:]);"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr); sys.exit(code)"
    )

    finished = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)

    assert finished.returncode == 0
    assert finished.stderr == "[]\n"


def test_help_goes_to_stdout_with_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0

    told = capsys.readouterr()
    assert told.out.startswith("Usage: gwctl ")
    assert told.err == ""


@pytest.mark.parametrize("words", [[], ["cp"], ["dp"], ["hybrid"], ["migrations"], ["nodes"], ["settings"]])
def test_without_a_command_usage_goes_to_stderr_with_exit_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("Usage: " + " ".join(["gwctl", *words]))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["foobar"], "No such command: foobar"),
        (["hybrid", "foobar"], "No such command for hybrid: foobar"),
        (["migrations", "foobar"], "No such command for migrations: foobar"),
    ],
)
def test_an_unknown_command_is_named(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2

    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Usage: gwctl")
    assert line in lines


def test_a_mistyped_command_gets_the_closest_one(capsys: pytest.CaptureFixture[str]) -> None:
    run(["migrations", "bootsrap"])

    assert "  hint: did you mean 'gwctl migrations bootstrap'?" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["gen_cert", "gen-cert"])
def test_dash_and_underscore_spell_the_same_command(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["hybrid", word, "--help"]) == 0

    assert "DAYS" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["version", "--bogus"], "Error: No such option: --bogus"),
        (["dp", "start", "--cp"], "Error: Option '--cp' requires an argument"),
        (["dp", "start", "localhost:8005"], "control plane addresses follow --cp"),
        (["settings", "show", "-o", "xml"], "xml"),
        (["migrations", "up", "--lock-timeout", "soon"], "--lock-timeout"),
    ],
)
def test_a_mistake_in_the_line_exits_2(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2

    assert told in capsys.readouterr().err


def test_version_prints_the_reference_version_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["version"]) == 0

    assert capsys.readouterr().out == f"{KONG_VERSION}\n"


def test_version_of_everything(capsys: pytest.CaptureFixture[str]) -> None:
    run(["version", "--all"])

    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"Kong: {KONG_VERSION}", f"gwctl: {__version__}"]
    assert any(line.startswith("SQLAlchemy: ") for line in lines)


def test_own_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0

    assert capsys.readouterr().out == f"gwctl {__version__}\n"


def test_a_failure_of_our_own_commands_is_one_line_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_failure(GwctlError("broken", hint="mend it", exit_code=3), ["dp", "start"]) == 3

    assert capsys.readouterr().err == "Error: broken\n  hint: mend it\n"


def test_a_failure_of_a_reference_command_ends_with_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show_failure(GwctlError("broken"), ["stop"])

    assert capsys.readouterr().err == ("Error: broken\n\n  Run with --v (verbose) or --vv (debug) for more details\n")


@pytest.mark.parametrize("flag", ["--v", "--vv"])
def test_verbose_failures_show_where_they_come_from(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise GwctlError("broken")
    except GwctlError as error:
        show_failure(error, ["stop", flag])

    told = capsys.readouterr().err
    assert "Traceback (most recent call last)" in told
    assert told.endswith("Error: broken\n")


ROWS = [{"id": "one", "labels": {"a": "b"}, "tags": ["x", "y"], "on": True, "none": None}]


def test_a_table_is_aligned_under_its_titles() -> None:
    rows = [{"name": "short", "last_seen": 1}, {"name": "a longer one", "last_seen": None}]

    assert table(rows).splitlines() == ["NAME           LAST SEEN", "short          1", "a longer one   -"]


def test_a_table_writes_values_for_people() -> None:
    assert re.split(" {2,}", table(ROWS).splitlines()[1]) == ["one", "a:b", "x, y", "on", "-"]


def test_json_and_yaml_carry_the_data_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, Format.JSON)
    assert json.loads(capsys.readouterr().out) == ROWS
    show(ROWS, Format.YAML)
    assert yaml.safe_load(capsys.readouterr().out) == ROWS


def test_settings_show_names_origins_and_masks_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KONG_PG_PASSWORD", "very secret")
    monkeypatch.setenv("GWCTL_LOG_LEVEL", "debug")

    assert run(["settings", "show", "-o", "json", "--vv"]) == 0

    told = capsys.readouterr()
    shown = {row["name"]: row for row in json.loads(told.out)}
    assert shown["log_level"] == {"name": "log_level", "value": "debug", "origin": "environment GWCTL_LOG_LEVEL"}
    assert shown["pg_password"]["value"] == "******"
    assert shown["proxy_listen"]["origin"] == "default"
    assert '[debug] KONG_PG_PASSWORD ENV found with "******"' in told.err
    parameters = [line.split()[1] for line in told.err.splitlines() if " = " in line and line.startswith("[debug]")]
    assert parameters == sorted(parameters)
    assert "very secret" not in told.out + told.err


def test_check_prints_every_problem_on_its_own_line(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    conf = tmp_path / "gwctl.conf"
    conf.write_text("untrusted_lua = maybe\nlog_level = loud\n")

    assert run(["check", str(conf)]) == 1

    lines = capsys.readouterr().err.splitlines()
    assert len([line for line in lines if line.startswith("[error] ")]) == 2
    assert any(line.startswith("[error] untrusted_lua has an invalid value") for line in lines)


def test_check_of_a_good_file(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    conf = tmp_path / "gwctl.conf"
    conf.write_text("log_level = debug # a comment\n")

    assert run(["check", str(conf)]) == 0
    assert capsys.readouterr().out == f"configuration at {conf} is valid\n"


def test_check_reads_error_templates(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    template = tmp_path / "broken.html"
    template.write_text("50%\n")
    conf = tmp_path / "kong.conf"
    conf.write_text(f"error_template_html = {template}\n")
    assert run(["check", str(conf)]) == 1
    assert f"[error] error_template_html: {template}: line 1: '%' is no placeholder" in capsys.readouterr().err


def test_check_of_a_missing_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "inexistent.conf"]) == 1
    assert "[error] no file at: inexistent.conf" in capsys.readouterr().err


def test_start_with_a_missing_settings_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["start", "--conf", "foobar.conf"]) == 1
    assert "Error: no file at: foobar.conf" in capsys.readouterr().err
