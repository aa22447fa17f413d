"""Records in SQL: repositories, unit of work, change log, migrations (floor 3)."""

from gwctl.store.change_log import Change, ChangeBatch
from gwctl.store.config import DatabaseConfig
from gwctl.store.errors import (
    DatabaseBusy,
    DatabaseCorrupt,
    DatabaseUnavailable,
    NeedsBootstrap,
    NewerDatabase,
    NewMigrations,
    Overtaken,
    StoreError,
)
from gwctl.store.migrations import MigrationError, MigrationRunner, MigrationState, Progress, require_current
from gwctl.store.paging import Page, TagFilter, parse_size, parse_tags
from gwctl.store.reads import Reads
from gwctl.store.snapshot import StoreSnapshot
from gwctl.store.store import Store
from gwctl.store.unit_of_work import UnitOfWork
from gwctl.store.watch import VersionWatch

__all__ = [
    "Change",
    "ChangeBatch",
    "DatabaseBusy",
    "DatabaseConfig",
    "DatabaseCorrupt",
    "DatabaseUnavailable",
    "MigrationError",
    "MigrationRunner",
    "MigrationState",
    "NeedsBootstrap",
    "NewMigrations",
    "NewerDatabase",
    "Overtaken",
    "Page",
    "Progress",
    "Reads",
    "Store",
    "StoreError",
    "StoreSnapshot",
    "TagFilter",
    "UnitOfWork",
    "VersionWatch",
    "parse_size",
    "parse_tags",
    "require_current",
]
