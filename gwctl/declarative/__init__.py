"""Configuration as files: kong.yml read, checked, taken apart into records, and written (admin-api.md 3)."""

from gwctl.declarative.declared import DEFAULT_WORKSPACE, Declared
from gwctl.declarative.errors import DeclarativeError, Place
from gwctl.declarative.export import export, export_lines
from gwctl.declarative.load import load, load_values

__all__ = [
    "DEFAULT_WORKSPACE",
    "DeclarativeError",
    "Declared",
    "Place",
    "export",
    "export_lines",
    "load",
    "load_values",
]
