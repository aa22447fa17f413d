from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.node.launch import Inherited, Launch, Sources
from gwctl.settings import Settings

_TEXT = st.text(max_size=20)
_SOCKETS = st.builds(Inherited, st.integers(0, 50), _TEXT, st.integers(0, 65535), st.integers(3, 1000))


@given(
    st.builds(
        Launch,
        prefix=_TEXT,
        lock=st.integers(0, 99),
        reply=st.integers(0, 99),
        node_id=_TEXT,
        error_log=_TEXT,
        sources=st.builds(Sources, _TEXT, st.dictionaries(_TEXT, _TEXT, max_size=3), _TEXT),
        takeover=st.booleans(),
        sockets=st.lists(_SOCKETS, max_size=3),
    )
)
def test_a_launch_survives_the_command_line(launch: Launch) -> None:
    assert Launch.decode(launch.encode()) == launch


def test_fields_of_a_later_version_are_skipped() -> None:
    body = json.loads(Launch("/p", 3, 4, "id").encode()) | {"colour": "blue"}
    assert Launch.decode(json.dumps(body)) == Launch("/p", 3, 4, "id")


def test_sources_are_the_conf_file_the_flags_and_the_role_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    conf = tmp_path / "gwctl.conf"
    conf.write_text("log_level = info\n")
    settings = Settings.load(
        role="traditional",
        conf=Path("gwctl.conf"),
        environ={"GWCTL_WORKERS": "2"},
        flags={"prefix": str(tmp_path / "p")},
    )
    flags = {"prefix": str(tmp_path / "p"), "role": "traditional"}
    assert Sources.of(settings) == Sources(str(conf), flags, str(tmp_path))
