"""The Status API of every node: ``/status`` and ``/status/ready``."""

from gwctl.status.app import StatusContext, status_app
from gwctl.status.readiness import ServingState, readiness

__all__ = ["ServingState", "StatusContext", "readiness", "status_app"]
