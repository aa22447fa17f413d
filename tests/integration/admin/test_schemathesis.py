"""The OpenAPI document against the API: no 5xx, no status that it does not name (B2).

A seeded sample of operations runs with the other tests; GWCTL_TEST_EVERY_OPERATION=1 asks all of them, longer.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import status_code_conformance

from tests.integration.admin.conftest import Admin, Serve
from tests.integration.admin.pems import pair

SEED = 20241109
SAMPLE, EXAMPLES = (10_000, 25) if os.environ.get("GWCTL_TEST_EVERY_OPERATION") else (40, 3)
NOT_IMPLEMENTED = "/status/dns"
"""Answers 501 as the reference with its usual resolver does."""


@pytest.fixture(params=["control_plane", "traditional"])
def admin(serve: Serve, request: pytest.FixtureRequest) -> Iterator[Admin]:
    with serve(role=request.param) as started:
        yield started


def fill(admin: Admin) -> None:
    """So that some addresses lead to records."""
    service = admin.made("/services", {"name": "0", "host": "a.b", "tags": ["0"]})
    admin.made("/routes", {"name": "0", "paths": ["/"], "service": {"id": service["id"]}})
    admin.made("/consumers", {"username": "0", "custom_id": "0"})
    admin.made("/consumers/0/key-auth", {"key": "0"})
    admin.made("/upstreams", {"name": "a.b"})
    admin.made("/upstreams/a.b/targets", {"target": "a.b:1"})
    admin.made("/certificates", {**pair(), "snis": ["a.b"]})
    admin.made("/plugins", {"name": "cors", "instance_name": "0"})


def test_answers_are_as_documented(admin: Admin) -> None:
    fill(admin)
    document = admin.ask("GET", "/openapi.json").json
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=admin.served.url)
    operations = [found.ok() for found in schema.get_all_operations()]
    chosen = random.Random(SEED).sample(operations, min(SAMPLE, len(operations)))
    failures: list[str] = []
    for operation in chosen:
        try:
            ask(operation)
        except BaseException as error:
            failures.append(f"{operation.method.upper()} {operation.path}: {error}")
    assert not failures, "\n\n".join(failures)


def ask(operation: Any) -> None:
    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        checks = [status_code_conformance]
        if operation.path != NOT_IMPLEMENTED:
            checks.append(not_a_server_error)
        case.validate_response(case.call(), checks=checks)

    run()
