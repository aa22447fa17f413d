"""What a plugin may be bound to (plugins-auth-traffic.md 1.3)."""

from __future__ import annotations

WITHOUT_CONSUMER = ("service", "route")
"""Plugins that run before anybody knows the consumer."""

GLOBAL_ONLY: tuple[str, ...] = ()
"""Plugins that run before anybody knows the route."""
