"""What the store tells its callers when the database cannot do what they ask."""

from __future__ import annotations

from gwctl.kit.errors import GwctlError


class StoreError(GwctlError):
    """The database refused or failed; the message names it."""

    code = "store_error"


class DatabaseUnavailable(StoreError):
    """The database cannot be reached, or cannot be written to; nothing was changed."""

    code = "database_unavailable"


class DatabaseBusy(DatabaseUnavailable):
    """Another transaction was in the way for longer than the time limit; nothing was changed, trying again helps."""

    code = "database_busy"


class Overtaken(DatabaseBusy):
    """Another writer changed what a prepared changeset was to change; nothing was changed, preparing it again helps."""

    code = "overtaken"


class DatabaseCorrupt(StoreError):
    """The database file is damaged or is no database."""

    code = "database_corrupt"


class NeedsBootstrap(StoreError):
    """The database has no tables of gwctl (hybrid.md 3.2)."""

    code = "needs_bootstrap"

    def __init__(self) -> None:
        super().__init__(
            "Database needs bootstrapping or is older than Kong 1.0.", hint="run 'gwctl migrations bootstrap'"
        )


class NewMigrations(StoreError):
    """The database is older than this program (hybrid.md 3.2)."""

    code = "new_migrations"

    def __init__(self) -> None:
        super().__init__(
            "New migrations available; run 'gwctl migrations up' to proceed", hint="run 'gwctl migrations up'"
        )


class NewerDatabase(StoreError):
    """The database was migrated by a newer program, whose second phase removed what this one needs."""

    code = "newer_database"

    def __init__(self, missing: str) -> None:
        super().__init__(
            f"the database has migrations this version does not know: {missing}",
            hint="run the version of gwctl that migrated it, or a newer one",
        )
