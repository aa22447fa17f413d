"""The Admin API: endpoints generated from the entities, and the hand-written ones, as one ASGI application."""

from gwctl.admin.app import admin_app
from gwctl.admin.context import AdminContext, NodeFacts

__all__ = ["AdminContext", "NodeFacts", "admin_app"]
