"""Which worker of xdist runs what: a module that shares nodes among its tests is run by one worker.

The marks of ``--dist loadgroup`` do nothing with pytest 9.2 and xdist 3.8: xdist writes a group into an attribute of a
test that pytest no longer reads.
"""

from __future__ import annotations

import functools
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

_SHARES = 'scope="module"'


class ByModule(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Long modules first; tests that share no node go one by one to whichever worker is free."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if _shares_nodes(module) else nodeid


@functools.cache
def _shares_nodes(module: str) -> bool:
    path = Path(__file__).parents[2] / module
    return module.startswith("tests/e2e/") and path.is_file() and _SHARES in path.read_text()
