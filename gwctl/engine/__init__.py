"""The data plane: accepts requests, finds their route and proxies them."""

from gwctl.engine.engine import Engine
from gwctl.engine.ports import AccessSink, BoundListener, EngineStats, RecordView
from gwctl.engine.snapshot import SnapshotError

__all__ = ["AccessSink", "BoundListener", "Engine", "EngineStats", "RecordView", "SnapshotError"]
