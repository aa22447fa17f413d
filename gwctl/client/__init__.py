"""The Admin API client of the CLI."""

from gwctl.client.admin_client import AdminClient, AdminError

__all__ = ["AdminClient", "AdminError"]
