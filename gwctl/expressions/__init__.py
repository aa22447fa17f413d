"""The route expression language: lexer, parser, fields, evaluation; pure (proxy.md 1.5)."""

from gwctl.expressions.errors import ExpressionError
from gwctl.expressions.evaluate import Expression, Lookup, compile_expression, compile_tree, parse_expression
from gwctl.expressions.needs import Needs, alternatives, needs
from gwctl.expressions.routes import check_route
from gwctl.expressions.syntax import Node

__all__ = [
    "Expression",
    "ExpressionError",
    "Lookup",
    "Needs",
    "Node",
    "alternatives",
    "check_route",
    "compile_expression",
    "compile_tree",
    "needs",
    "parse_expression",
]
