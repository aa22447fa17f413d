"""What the expression of a route must satisfy before it is stored (admin-api.md 1.2)."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from gwctl.expressions.errors import ExpressionError
from gwctl.expressions.evaluate import compile_expression
from gwctl.expressions.fields import ILLFORMED_SEGMENTS, Family

_STREAM = frozenset({"tcp", "tls", "udp", "tls_passthrough"})

_log = logging.getLogger("gwctl.expressions")


def check_route(text: str, protocols: Sequence[str]) -> str | None:
    """Why ``text`` cannot be the expression of a route that serves ``protocols``; None when it can."""
    family: Family = "stream" if _STREAM & set(protocols) else "http"
    try:
        expression = compile_expression(text, family)
    except ExpressionError as error:
        return ILLFORMED_SEGMENTS if ILLFORMED_SEGMENTS in error.message else error.message
    for old, new in expression.aliases.items():
        _log.warning("the field '%s' of router expressions is deprecated, please use '%s' instead", old, new)
    return None
