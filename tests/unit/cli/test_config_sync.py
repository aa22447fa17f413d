"""``gwctl config diff|sync|dump`` and ``gwctl apply`` against a scripted control plane: what is told and sent."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwctl.cli.main import run
from tests.integration.admin.serving import serving
from tests.tools.scripted_config import ScriptedConfig, change

CHANGES = [
    change("create", "services", "a"),
    change("update", "routes", "r", paths=(["/a"], ["/b"]), key=("(sensitive value)", "(sensitive value)")),
    change("delete", "consumers", "bob"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kong.yml"
    path.write_text("_format_version: '3.0'\nservices:\n- name: a\n  url: http://up\n")
    return path


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    for name in ("GWCTL_ADMIN_URL", "GWCTL_ADMIN_TOKEN", "GWCTL_ADMIN_TOKEN_FILE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def control_plane(**script: Any) -> Iterator[ScriptedConfig]:
    app = ScriptedConfig(**script)
    with serving(app) as served:
        os.environ["GWCTL_ADMIN_URL"] = served.url
        try:
            yield app
        finally:
            del os.environ["GWCTL_ADMIN_URL"]


Ran = tuple[int, str, str]


@pytest.fixture
def gwctl(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def call(*words: str | Path) -> Ran:
        code = run([str(word) for word in words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def test_diff_shows_the_plan_and_exits_0(gwctl: Callable[..., Ran], file: Path) -> None:
    with control_plane(changes=CHANGES) as cp:
        code, out, err = gwctl("config", "diff", file)

    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "+ create service a",
        "~ update route r",
        '    paths: ["/a"] → ["/b"]',
        "    key: (sensitive value) → (sensitive value)",
        "- delete consumer bob",
        "Summary:",
        "  Created: 1",
        "  Updated: 1",
        "  Deleted: 1",
    ]
    (asked,) = cp.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/config/apply", {"dry_run": "1"})
    assert asked.headers["content-type"] == "application/json"
    assert json.loads(asked.body) == {"_format_version": "3.0", "services": [{"name": "a", "url": "http://up"}]}


@pytest.mark.parametrize("option", ["--exit-code", "--non-zero-exit-code"])
def test_diff_exits_2_for_differences_when_asked_to(gwctl: Callable[..., Ran], file: Path, option: str) -> None:
    with control_plane(changes=CHANGES):
        assert gwctl("config", "diff", file, option)[0] == 2
    with control_plane():
        assert gwctl("config", "diff", file, option)[0] == 0


def test_the_plan_as_json(gwctl: Callable[..., Ran], file: Path) -> None:
    with control_plane(changes=CHANGES):
        told = json.loads(gwctl("config", "diff", file, "-o", "json")[1])
    assert told["summary"] == {"created": 1, "updated": 1, "deleted": 1}
    assert (told["version"], told["existing"], told["applied"]) == ("l:8", 100, False)
    assert told["changes"][1] == {
        "op": "update",
        "entity": "routes",
        "id": "id-r",
        "name": "r",
        "fields": {
            "paths": {"old": ["/a"], "new": ["/b"]},
            "key": {"old": "(sensitive value)", "new": "(sensitive value)"},
        },
    }
    with control_plane():
        assert json.loads(gwctl("config", "diff", file, "-o", "json")[1])["changes"] == []


def test_json_is_complete_also_when_the_sync_is_refused(gwctl: Callable[..., Ran], file: Path) -> None:
    with control_plane(changes=CHANGES):
        code, out, err = gwctl("config", "sync", file, "-o", "json")
    assert code == 1
    assert json.loads(out)["applied"] is False
    assert "--yes" in err


def test_a_sync_without_deletions_is_one_request(gwctl: Callable[..., Ran], file: Path) -> None:
    with control_plane(changes=CHANGES[:2]) as cp:
        code, out, _ = gwctl("config", "sync", file)

    assert code == 0
    assert out.startswith("+ create service a\n~ update route r\n")
    assert out.endswith("Summary:\n  Created: 1\n  Updated: 1\n  Deleted: 0\n")
    assert [each.query for each in cp.asked] == [{"most_deletes": "0"}]
    assert cp.applied == 1


def test_a_sync_with_deletions_applies_the_planned_version(gwctl: Callable[..., Ran], file: Path) -> None:
    with control_plane(changes=CHANGES) as cp:
        code, out, _ = gwctl("config", "sync", file, "--yes")

    assert code == 0
    assert out.count("- delete consumer bob") == 1
    assert [each.query for each in cp.asked] == [{"most_deletes": "0"}, {"changes": "0"}]
    assert cp.asked[1].headers["if-match"] == '"l:8"'
    assert cp.asked[1].body == cp.asked[0].body
    assert cp.applied == 1


def test_nothing_to_do_applies_nothing(gwctl: Callable[..., Ran], file: Path) -> None:
    with control_plane() as cp:
        code, out, _ = gwctl("config", "sync", file)
    assert (code, cp.applied) == (0, 0)
    assert out.startswith("Summary:\n  Created: 0\n")


def test_a_dry_run_applies_nothing(gwctl: Callable[..., Ran], file: Path) -> None:
    with control_plane(changes=CHANGES) as cp:
        assert gwctl("config", "sync", file, "--dry-run")[0] == 0
    assert cp.applied == 0


def test_deletions_need_consent_where_nobody_can_be_asked(gwctl: Callable[..., Ran], file: Path) -> None:
    with control_plane(changes=CHANGES) as cp:
        code, _, err = gwctl("config", "sync", file)
        assert (code, cp.applied) == (1, 0)
        assert err.splitlines() == [
            "Error: this would delete 1 of 100 records and nobody can be asked: nothing was applied",
            "  hint: --yes deletes without asking",
        ]
        assert gwctl("config", "sync", file, "--yes")[0] == 0
        assert gwctl("config", "sync", file, "--allow-deletes", "1")[0] == 0
        assert cp.applied == 2


def test_somebody_at_a_terminal_is_asked(
    gwctl: Callable[..., Ran], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer, code, applied in (("n\n", 1, 0), ("\n", 1, 0), ("y\n", 0, 1)):
        stdin = io.TextIOWrapper(io.BytesIO(answer.encode()))
        monkeypatch.setattr(stdin, "isatty", lambda: True)
        monkeypatch.setattr(sys, "stdin", stdin)
        with control_plane(changes=CHANGES) as cp:
            ended = gwctl("config", "sync", file)
        assert (ended[0], cp.applied) == (code, applied), answer
        assert "Delete 1 of 100 records? [y/N]" in ended[2]
        assert ("cancelled" in ended[2]) is (code == 1)


@pytest.mark.parametrize(
    ("deleted", "existing", "options", "refused"),
    [
        (20, 1000, (), False),
        (21, 1000, (), True),
        (21, 1000, ("--allow-deletes", "21"), False),
        (21, 1000, ("--allow-deletes", "20"), True),
        (5, 20, (), False),
        (6, 20, (), True),
        (6, 20, ("--allow-deletes", "6"), False),
    ],
)
def test_the_guard_against_mass_deletion(
    gwctl: Callable[..., Ran], file: Path, deleted: int, existing: int, options: tuple[str, ...], refused: bool
) -> None:
    changes = [change("delete", "consumers", str(number)) for number in range(deleted)]
    with control_plane(changes=changes, existing=existing) as cp:
        code, _, err = gwctl("config", "sync", file, "--yes", *options)
    assert (code, cp.applied) == ((1, 0) if refused else (0, 1))
    if refused:
        assert err.splitlines() == [
            f"Error: this would delete {deleted} of {existing} records: nothing was applied",
            f"  hint: if that is meant, add --allow-deletes {deleted}",
        ]


def test_a_moved_version_is_planned_again_once(gwctl: Callable[..., Ran], file: Path) -> None:
    with control_plane(changes=CHANGES, moves=1) as cp:
        assert gwctl("config", "sync", file, "--yes")[0] == 0
    assert [each.query for each in cp.asked] == [
        {"most_deletes": "0"},
        {"changes": "0"},
        {"dry_run": "1", "changes": "0"},
        {"changes": "0"},
    ]
    assert cp.asked[-1].headers["if-match"] == '"l:9"'


def test_a_version_that_goes_on_moving_says_try_again(gwctl: Callable[..., Ran], file: Path) -> None:
    for changes in (CHANGES[:1], CHANGES):
        with control_plane(changes=changes, moves=5) as cp:
            code, _, err = gwctl("config", "sync", file, "--yes")
        assert (code, cp.applied) == (75, 0)
        assert "somebody else changed the configuration" in err
        assert "nothing was applied" in err


def test_a_version_that_moves_while_it_is_written_says_try_again(gwctl: Callable[..., Ran], file: Path) -> None:
    with control_plane(changes=CHANGES[:1], failed={"message": "somebody was faster"}):
        code, _, err = gwctl("config", "sync", file)
    assert (code, "somebody else changed the configuration" in err) == (75, True)


def test_a_connection_that_breaks_while_applying_leaves_it_open(gwctl: Callable[..., Ran], file: Path) -> None:
    with control_plane(changes=CHANGES[:1], breaks_after=2):
        code, _, err = gwctl("config", "sync", file)
    assert code == 1
    assert "whether the changes were applied is unknown; it is all of them or none" in err
    assert "'gwctl config diff' with the same files tells" in err


def test_what_the_control_plane_could_not_store_is_told(gwctl: Callable[..., Ran], file: Path) -> None:
    error = {"code": 5, "name": "unique constraint violation", "message": "UNIQUE it is", "fields": {"name": "a"}}
    with control_plane(changes=CHANGES[:1], failed=error):
        code, _, err = gwctl("config", "sync", file)
    assert code == 1
    assert err.splitlines() == ["Error: the control plane stored nothing: UNIQUE it is"]


def test_nobody_listens_is_69(gwctl: Callable[..., Ran], file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GWCTL_ADMIN_URL", "http://127.0.0.1:1")
    code, out, err = gwctl("config", "sync", file)
    assert (code, out) == (69, "")
    assert "nothing was applied" in err
    assert "cannot reach the Admin API at http://127.0.0.1:1: connection refused" in err


def test_an_admin_api_that_cannot_plan_says_so(gwctl: Callable[..., Ran], file: Path) -> None:
    with control_plane(refusal=(404, {"message": "Not found"})):
        code, _, err = gwctl("config", "diff", file)
    assert code == 1
    assert "cannot plan or dump a whole configuration" in err


def test_refused_documents_are_told_with_the_places_of_their_files(
    gwctl: Callable[..., Ran], file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "more.json"
    other.write_text('{"_format_version": "3.0",\n "services": [{"name": "b"},\n  {"name": "c", "prot": 1}]}')
    places = [
        {"path": "services[2].prot", "message": "unknown field", "file": None, "line": 1, "column": 9},
        {"path": "services[0].url", "message": "bad", "file": None, "line": 1, "column": 2},
    ]
    body = {"code": 14, "name": "invalid declarative configuration", "message": "…", "fields": {}, "places": places}
    with control_plane(refusal=(400, body)):
        code, _, err = gwctl("config", "diff", file, other)
    assert code == 1
    assert err.splitlines() == [
        "Error: the control plane refuses the configuration",
        f"  {file}:4:3: services[0].url: bad",
        f"  {other}:3:17: services[1].prot: unknown field",
    ]


def test_files_that_cannot_be_read_are_told_with_places_before_anybody_is_asked(
    gwctl: Callable[..., Ran], tmp_path: Path
) -> None:
    path = tmp_path / "broken.yml"
    path.write_text("services:\n- {name: a\n- b\n")
    with control_plane() as cp:
        code, _, err = gwctl("config", "diff", path)
    assert (code, cp.asked) == (1, [])
    assert err.splitlines()[0] == "Error: the configuration cannot be read"
    assert err.splitlines()[1].startswith(f"  {path}:")


def test_tags_of_files_and_of_the_command_line(gwctl: Callable[..., Ran], tmp_path: Path) -> None:
    path = tmp_path / "deck.yml"
    path.write_text('_format_version: "3.0"\n_info:\n  select_tags: [team, prod]\nservices: []\n')
    with control_plane() as cp:
        gwctl("config", "diff", path)
        assert gwctl("config", "diff", path, "--select-tag", "prod", "--select-tag", "team")[0] == 0
        code, _, err = gwctl("config", "diff", path, "--select-tag", "other")
    assert [each.query["select_tags"] for each in cp.asked] == ["team,prod", "prod,team"]
    assert "_info" not in json.loads(cp.asked[0].body)
    assert code == 2
    assert "the files select the tags team, prod, the command line other" in err


def test_apply_never_deletes(gwctl: Callable[..., Ran], file: Path) -> None:
    with control_plane(changes=CHANGES[:2]) as cp:
        assert gwctl("apply", "-f", file)[0] == 0
    assert all(each.query["delete"] == "0" for each in cp.asked)


def test_directories_and_standard_input(
    gwctl: Callable[..., Ran], file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b.json").write_text('{"_format_version": "3.0", "consumers": [{"username": "x"}]}')
    (tmp_path / "notes.txt").write_text("no config")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"services": [{"name": "z"}]}')))
    with control_plane() as cp:
        code, _, err = gwctl("config", "diff", tmp_path, "-")
    assert code == 0, err
    sent = json.loads(cp.asked[0].body)
    assert [service["name"] for service in sent["services"]] == ["a", "z"]
    assert sent["consumers"] == [{"username": "x"}]


@pytest.mark.parametrize(
    ("environ", "options", "coloured"),
    [
        ({}, (), False),
        ({"FORCE_COLOR": "1"}, (), True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, (), False),
        ({"NO_COLOR": "1"}, ("--color", "always"), True),
        ({"FORCE_COLOR": "1"}, ("--color", "never"), False),
    ],
)
def test_colours_only_when_wanted(
    gwctl: Callable[..., Ran],
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    options: tuple[str, ...],
    coloured: bool,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with control_plane(changes=CHANGES):
        out = gwctl("config", "diff", file, *options)[1]
    assert ("\x1b[32m+ create service a\x1b[0m" in out) is coloured
    assert "+ create service a" in out


def test_the_token_is_sent_and_never_printed(
    gwctl: Callable[..., Ran], file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "s3cret-token-of-mine"
    token = tmp_path / "token.txt"
    token.write_text(f"{secret}\n")
    told = ""
    with control_plane(changes=CHANGES) as cp:
        told += "".join(gwctl("config", "diff", file, "--admin-token-file", token)[1:])
        monkeypatch.setenv("GWCTL_ADMIN_TOKEN", secret)
        told += "".join(gwctl("config", "diff", file, "--header", "X-Other: b")[1:])
        cp.refusal = (401, {"message": "Unauthorized"})
        refused = gwctl("config", "diff", file)
        told += "".join(refused[1:])
    monkeypatch.setenv("GWCTL_ADMIN_TOKEN", f"{secret}\nX-Injected: 1")
    broken = gwctl("config", "diff", file)
    told += "".join(broken[1:])

    assert [each.headers["kong-admin-token"] for each in cp.asked] == [secret] * 3
    assert cp.asked[1].headers["x-other"] == "b"
    assert refused[0] == 77
    assert broken[0] == 1
    assert secret not in told


RECORDS = [
    {"entity": "services", "record": {"id": "1" * 8 + "-0000-4000-8000-000000000001", "name": "a", "tags": None}},
    {
        "entity": "routes",
        "record": {
            "id": "2" * 8 + "-0000-4000-8000-000000000001",
            "created_at": 5,
            "name": None,
            "paths": ["/a"],
            "service": {"id": "1" * 8 + "-0000-4000-8000-000000000001"},
        },
    },
    {"entity": "parameters", "record": {"key": "cluster_id", "value": "x", "created_at": 1}},
]


def test_dump_is_the_same_each_time_and_leaves_the_cluster_out(gwctl: Callable[..., Ran], tmp_path: Path) -> None:
    target = tmp_path / "out.yaml"
    with control_plane(records=RECORDS) as cp:
        first = gwctl("config", "dump", "--select-tag", "t")[1]
        assert gwctl("config", "dump", target)[0] == 0
        assert gwctl("config", "dump", target)[0] == 1
        assert gwctl("config", "dump", target, "--yes")[0] == 0
        as_json = json.loads(gwctl("config", "dump", "--format", "json")[1])
    assert target.read_text() == first
    assert target.stat().st_mode & 0o777 == 0o600
    loaded = yaml.safe_load(first)
    assert loaded == as_json
    assert set(loaded) == {"_format_version", "_transform", "services", "routes"}
    assert loaded["routes"][0]["service"] == RECORDS[0]["record"]["id"]  # type: ignore[index]
    assert cp.asked[0].query == {"select_tags": "t"}


def test_dump_without_ids_names_what_has_names(gwctl: Callable[..., Ran]) -> None:
    with control_plane(records=RECORDS):
        loaded = yaml.safe_load(gwctl("config", "dump", "--no-ids")[1])
    assert loaded["services"] == [{"name": "a"}]
    assert loaded["routes"] == [{"id": RECORDS[1]["record"]["id"], "paths": ["/a"], "service": "a"}]  # type: ignore[index]


def test_a_dump_that_breaks_leaves_the_old_file(gwctl: Callable[..., Ran], tmp_path: Path) -> None:
    target = tmp_path / "out.yaml"
    target.write_text("old")
    with control_plane(records=RECORDS, breaks_after=2):
        code, _, err = gwctl("config", "dump", target, "--yes")
    assert code == 69, err
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.yaml"]


def test_the_commands_import_nothing_of_servers(file: Path) -> None:
    program = (
        "import sys; from gwctl.cli.main import run; run(sys.argv[1:]);"
        "print([name for name in ('sqlalchemy', 'starlette', 'lmdb', 'uvicorn') if name in sys.modules])"
    )
    words = ["config", "diff", str(file), "--admin-url", "http://127.0.0.1:1"]
    finished = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)
    assert finished.stdout == "[]\n"
