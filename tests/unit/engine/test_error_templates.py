"""Files of error bodies: what cannot be read costs only its look, what cannot be filled is refused at start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gwctl.engine.error_templates import BadErrorTemplate, load_error_bodies, require_error_templates
from gwctl.engine.proxy.error_bodies import DEFAULTS, HTML, JSON, PLAIN, XML
from gwctl.settings import Settings

KINDS = {"html": HTML, "json": JSON, "plain": PLAIN, "xml": XML}


def _settings(**templates: object) -> Settings:
    environ = {f"GWCTL_ERROR_TEMPLATE_{kind.upper()}": str(path) for kind, path in templates.items()}
    return Settings.load(role="traditional", environ={"HOME": "/nonexistent", **environ})


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_takes_the_place_of_one_type(kind: str, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("é <%s> %s")
    settings = _settings(**{kind: tmp_path / "mine"})

    require_error_templates(settings)
    bodies = load_error_bodies(settings)

    assert bodies.render(KINDS[kind], "M", "I")[1] == "é <M> I".encode()
    assert {name: bodies.templates[name] for name in DEFAULTS if name != KINDS[kind]} == {
        name: DEFAULTS[name] for name in DEFAULTS if name != KINDS[kind]
    }


def _missing(path: Path) -> None:
    pass


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [_missing, _folder, _pipe])
def test_what_cannot_be_read_is_told_and_the_usual_body_used(
    make: object, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "t"
    assert callable(make)
    make(path)
    settings = _settings(json=path)

    require_error_templates(settings)

    assert load_error_bodies(settings).templates[JSON] == DEFAULTS[JSON]
    assert f"error_template_json: cannot read {path}" in caplog.text or f"{path} is no regular file" in caplog.text
    assert "the usual error body is used" in caplog.text


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"a\n%d", "error_template_xml: {path}: line 2: '%d' is no placeholder"),
        (b"%s%s%s", "error_template_xml: {path}: line 1: more than two %s"),
        (b"\xff", "error_template_xml: {path} is not UTF-8 text"),
        (b"x" * (256 * 1024 + 1), "error_template_xml: {path} has more than 256 KiB"),
    ],
)
def test_what_is_no_template_stops_the_start_but_not_a_worker(
    content: bytes, complaint: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "t"
    path.write_bytes(content)
    settings = _settings(xml=path)

    with pytest.raises(BadErrorTemplate) as raised:
        require_error_templates(settings)

    assert str(raised.value).startswith(complaint.format(path=path))
    assert raised.value.hint
    # a file that is spoilt while the node runs must not keep a new worker from starting
    assert load_error_bodies(settings).templates[XML] == DEFAULTS[XML]
    assert complaint.format(path=path) in caplog.text
