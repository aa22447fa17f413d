"""The page on headers and errors shows things that work."""

from __future__ import annotations

import re
from pathlib import Path

from gwctl.engine.config import Timeouts, engine_config
from gwctl.engine.proxy.error_bodies import Template
from gwctl.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "headers-and-errors.md"


def _block(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_template_can_be_filled() -> None:
    filled = Template.parse(_block("html")).fill("Not found", "f00")
    assert '<hr width="50%">\n<p>Not found</p>' in filled
    assert filled.endswith("this number: f00</p>\n")


def test_the_settings_for_a_load_balancer_are_settings(tmp_path: Path) -> None:
    file = tmp_path / "gw.conf"
    file.write_text(_block(""))
    settings = Settings.load(role="data_plane", conf=file, environ={"HOME": "/nonexistent"})
    config = engine_config(settings, Timeouts())
    assert "10.0.0.5" in config.trusted
    assert (config.real_ip_header, config.real_ip_recursive) == (b"x-forwarded-for", True)
