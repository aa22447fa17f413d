"""Snapshots: all that a worker needs to serve one version.

``Succession`` makes them: the first from all records (``building``), later ones from what changed (``delta``), which
changes the model of the one before in place.
"""

from gwctl.engine.snapshot.delta import Changed
from gwctl.engine.snapshot.errors import SnapshotError
from gwctl.engine.snapshot.serving import Snapshot, Snapshots
from gwctl.engine.snapshot.succession import Succession, take_apart

__all__ = ["Changed", "Snapshot", "SnapshotError", "Snapshots", "Succession", "take_apart"]
