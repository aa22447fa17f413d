"""The Admin API client of the CLI."""

from gwctl.client.access import Access, Tls
from gwctl.client.admin_client import AdminClient
from gwctl.client.errors import AdminError

__all__ = ["Access", "AdminClient", "AdminError", "Tls"]
