"""How much a declarative file may hold (reliability.md S5)."""

from __future__ import annotations

MAX_BYTES = 256 * 1024 * 1024
"""The longest text."""

MAX_DEPTH = 64
"""The deepest nesting of lists and objects. The C reader of YAML kills the process somewhere past 20,000."""

MAX_EXPANDED = 5_000_000
"""How many nodes YAML aliases may stand for, all together."""

MAX_LENIENT_JSON = 16 * 1024 * 1024
"""A longer text that begins like a JSON object is read as JSON only, never a second time as YAML."""
