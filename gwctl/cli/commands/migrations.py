"""``gwctl migrations``: create and change the database of a control plane."""

from __future__ import annotations

from collections.abc import Callable

COMMANDS: tuple[Callable[..., object], ...] = ()
