"""What statsd and datadog have in common (plugins-transform-observe.md 10.8, 10.9)."""

from __future__ import annotations

from gwctl.schema.checks import Conditional

COUNTED_NEED_A_RATE = Conditional("stat_type", {"one_of": ("counter", "gauge")}, "sample_rate", {"required": True})
"""A counter or gauge says which part of the requests it counts."""
