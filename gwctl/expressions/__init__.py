"""The route expression language: lexer, parser, fields, evaluation; pure (proxy.md 1.5)."""

from gwctl.expressions.errors import ExpressionError
from gwctl.expressions.evaluate import Expression, Lookup, compile_expression
from gwctl.expressions.routes import check_route

__all__ = ["Expression", "ExpressionError", "Lookup", "check_route", "compile_expression"]
