"""What the garbage collector is spared: the model of a large configuration, which references alone keep tidy."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

FREEZE_ROUTES = 500


class Collections:
    """A collection of a process that holds 100,000 routes would stall requests for half a second.

    A model has no cycles, so that counting references frees it: it is exempted from collections once it is built, and
    what later versions add to it now and then. Young objects are looked through before, so that none of their cycles
    becomes permanent.
    """

    def __init__(self) -> None:
        self._touched = 0

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """Nothing is collected while a model grows; it is exempted at the end."""
        gc.disable()
        try:
            yield
            gc.freeze()
        finally:
            gc.enable()
        self._touched = 0

    def added(self, routes: int) -> None:
        """So many routes were made anew in a model that is exempted already."""
        self._touched += routes
        if self._touched >= FREEZE_ROUTES:
            self._touched = 0
            gc.collect(1)
            gc.freeze()
