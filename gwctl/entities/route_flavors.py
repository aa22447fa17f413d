"""What the router's flavor changes of a route (admin-api.md 1.2): ``traditional_compatible`` is `Route` as declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from gwctl.entities.route_rules import route_variants, snis_rule
from gwctl.entities.routes import Route
from gwctl.schema import Field, Local, fields, typedefs
from gwctl.schema.checks import Custom, is_set
from gwctl.schema.errors import ENTITY

CheckExpression: TypeAlias = Callable[[str, Sequence[str]], str | None]
"""(expression, protocols) → why the expression is refused, or None."""

FLAVORS = ("traditional", "traditional_compatible", "expressions")
MAX_PRIORITY = 2**46 - 1

_CLASSIC = ("methods", "hosts", "paths", "headers", "snis", "sources", "destinations")
_CLASSIC_NAMES = "'methods', 'hosts', 'paths', 'headers', 'snis', 'sources' or 'destinations'"


class ExpressionRoute(
    Route,
    name="routes",
    endpoint_key="name",
    variants=route_variants("expression", addresses=True),
    checks=(Custom(("protocols", "snis"), snis_rule),),
    late=("priority",),
):
    """Rules that requests must match to reach a service, as an expression or field by field."""

    expression: str | None = fields.string(help="an expression of the router's language, instead of single fields")
    priority: int = fields.integer(
        required=True, default=0, between=(0, MAX_PRIORITY), help="the higher one is tried first"
    )


def route_class(flavor: str) -> type[Route]:
    """The record class of routes. Raises ValueError for an unknown flavor."""
    if flavor not in FLAVORS:
        raise ValueError(f"no router flavor {flavor!r}; there are {', '.join(FLAVORS)}")
    return ExpressionRoute if flavor == "expressions" else Route


def route_locally(flavor: str, check_expression: CheckExpression | None) -> Local:
    """The other differences: plain server names in ``traditional``, rules about the expression in ``expressions``."""
    if flavor == "expressions":
        return Local(checks=(Custom(("protocols", "expression", "priority"), _expression_rule(check_expression)),))
    columns = {name: ExpressionRoute.declared[name] for name in ("expression", "priority")}
    if flavor == "traditional":
        plain = Field(kind="set", name="snis", elements=fields.string(typedefs.SNI))
        return Local(fields={"snis": plain}, columns=columns)
    return Local(columns=columns)


def _expression_rule(check_expression: CheckExpression | None) -> Callable[[Mapping[str, Any]], dict[str, Any] | None]:
    def rule(route: Mapping[str, Any]) -> dict[str, Any] | None:
        text = _clash(route)
        if text is None and route.get("expression") and check_expression is not None:
            text = check_expression(route["expression"], route["protocols"])
        return None if text is None else {ENTITY: [f"Router Expression failed validation: {text}"]}

    return rule


def _clash(route: Mapping[str, Any]) -> str | None:
    classic = any(is_set(route, name) for name in _CLASSIC)
    if route.get("expression"):
        if classic:
            return f"cannot set 'expression' with {_CLASSIC_NAMES} simultaneously"
        return "cannot set 'regex_priority' with 'expression' simultaneously" if route.get("regex_priority") else None
    if classic and route.get("priority"):
        return f"cannot set 'priority' with {_CLASSIC_NAMES} simultaneously"
    return None
