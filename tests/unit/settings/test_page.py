from __future__ import annotations

from pathlib import Path

from gwctl.settings.catalogue import CATALOGUE
from gwctl.settings.page import main, render

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "settings.md"


def test_the_reference_page_is_true() -> None:
    """When this fails: ``python -m gwctl.settings.page docs/reference/settings.md``."""
    assert PAGE.read_text(encoding="utf-8") == render()


def test_the_page_names_every_setting_and_other_name() -> None:
    page = render()
    assert [name for name in CATALOGUE.names() if f"`{name}`" not in page] == []


def test_the_page_can_be_written(tmp_path: Path) -> None:
    main([str(tmp_path / "settings.md")])
    assert (tmp_path / "settings.md").read_text(encoding="utf-8") == render()
