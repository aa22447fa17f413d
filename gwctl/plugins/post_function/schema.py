"""The configuration of post-function (plugins-transform-observe.md 7.2)."""

from __future__ import annotations

from gwctl.plugins.shared.functions import functions_schema

SCHEMA = functions_schema("post-function", priority=-1000)
