"""The configuration of pre-function (plugins-transform-observe.md 7.2)."""

from __future__ import annotations

from gwctl.plugins.shared.functions import functions_schema

SCHEMA = functions_schema("pre-function", priority=1000000)
