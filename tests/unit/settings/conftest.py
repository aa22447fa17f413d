"""Loading settings as a user without a conf file, in a directory of the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gwctl.settings import Settings, Surroundings

Load = Callable[..., Settings]


@pytest.fixture
def surroundings(tmp_path: Path) -> Surroundings:
    return Surroundings(cwd=tmp_path, uid=1000, conf_places=())


@pytest.fixture
def load(tmp_path: Path, surroundings: Surroundings) -> Load:
    """``load(env, conf_text="", role=..., flags=...)``."""

    def loaded(environ: dict[str, str] | None = None, conf_text: str | None = None, **more: Any) -> Settings:
        if conf_text is not None:
            more["conf"] = tmp_path / "node.conf"
            more["conf"].write_text(conf_text)
        told = {"HOME": str(tmp_path / "home"), **(environ or {})}
        return Settings.load(environ=told, surroundings=surroundings, **more)

    return loaded


@pytest.fixture
def problems(load: Load) -> Callable[..., list[str]]:
    """What ``load`` with the same arguments complains about."""
    from gwctl.settings import SettingsError

    def found(*arguments: Any, **more: Any) -> list[str]:
        try:
            load(*arguments, **more)
        except SettingsError as error:
            return error.problems
        return []

    return found
