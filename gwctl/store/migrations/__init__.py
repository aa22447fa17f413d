"""Migrations on Alembic, told in the words of the reference (hybrid.md 3.6)."""

from gwctl.store.migrations.progress import MigrationError, Progress
from gwctl.store.migrations.runner import MigrationRunner
from gwctl.store.migrations.state import MigrationState, require_current

__all__ = ["MigrationError", "MigrationRunner", "MigrationState", "Progress", "require_current"]
