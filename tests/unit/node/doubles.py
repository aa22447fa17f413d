"""Assignments and settings for tests of process bodies."""

from __future__ import annotations

from pathlib import Path

from gwctl.node.plan import WORKER, Assignment
from gwctl.settings import Settings


def settings(prefix: Path, role: str = "data_plane", **flags: str) -> Settings:
    given = {"prefix": str(prefix), "cluster_cert": "/dev/null", "cluster_cert_key": "/dev/null", **flags}
    return Settings.load(role=role, environ={}, flags=given)


def assignment(prefix: Path, kind: str = WORKER, role: str = "data_plane", **flags: str) -> Assignment:
    return Assignment(
        kind=kind,
        module="gwctl.node.worker",
        slot=0,
        settings=settings(prefix, role, **flags),
        node_id="11111111-1111-4111-8111-111111111111",
        hostname="here",
        error_log=None,
        listeners=(),
        workers=1,
        supervisor_pid=1,
    )
