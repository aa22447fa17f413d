"""The migration scripts: where they are and in which order their two phases stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import gwctl
from gwctl.store.errors import StoreError

FINISH = "_finish"
"""The id of a second phase is the id of its migration followed by this."""


@dataclass(frozen=True, slots=True)
class Migration:
    """``name`` is the id of the expand revision; ``contract`` the id of its second phase, None when it has none."""

    name: str
    contract: str | None


class MigrationScripts:
    """All migrations of this version in the order they run.

    ``ini`` is an alembic.ini; by default the one in the wheel, or in the repository of an editable install.
    """

    def __init__(self, ini: Path | None = None) -> None:
        from alembic.config import Config  # a third of the start of processes that never migrate
        from alembic.script import ScriptDirectory

        self.config = Config(ini or locate())
        self._directory = ScriptDirectory.from_config(self.config)
        revisions = [script.revision for script in self._directory.walk_revisions()]
        contracts = {revision for revision in revisions if revision.endswith(FINISH)}
        self.migrations = tuple(
            Migration(name, f"{name}{FINISH}" if f"{name}{FINISH}" in contracts else None)
            for name in reversed(revisions)
            if name not in contracts
        )

    def run(self, revision: str) -> None:
        """Carry out what is left up to ``revision``, on the connection of ``config``."""
        from alembic import command

        command.upgrade(self.config, revision)

    def applied(self, heads: Iterable[str]) -> frozenset[str]:
        """Every known revision that a database with these ``heads`` went through."""
        known = {script.revision: script for script in self._directory.walk_revisions()}
        found: set[str] = set()
        waiting = [head for head in heads if head in known]
        while waiting:
            revision = waiting.pop()
            if revision not in found:
                found.add(revision)
                script = known[revision]
                waiting += [*_tuple(script.down_revision), *_tuple(script.dependencies)]
        found.update(self._below_unknown(heads, known))
        return frozenset(found)

    def _below_unknown(self, heads: Iterable[str], known: Iterable[str]) -> set[str]:
        """A head of a newer version stands above everything we know of its branch."""
        unknown = set(heads) - set(known)
        expand = any(not head.endswith(FINISH) for head in unknown)
        contract = any(head.endswith(FINISH) for head in unknown)
        return {name for name in known if (contract if name.endswith(FINISH) else expand or contract)}

    def unknown(self, heads: Iterable[str]) -> tuple[str, ...]:
        """Heads that only a newer version knows."""
        known = {script.revision for script in self._directory.walk_revisions()}
        return tuple(sorted(set(heads) - known))


def locate() -> Path:
    """The alembic.ini of this installation. Raises StoreError when the installation is incomplete."""
    package = Path(gwctl.__file__).parent
    for place in (package / "_data" / "alembic.ini", package.parent / "alembic.ini"):
        if place.is_file():
            return place
    raise StoreError(f"no migrations in {package / '_data'}", hint="install gwctl again; its wheel carries them")


def _tuple(value: str | Iterable[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
