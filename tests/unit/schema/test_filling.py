"""The compiled filling does exactly what the interpreted one does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.entities import Catalog, core_catalog
from gwctl.schema.filling import compile_complete
from gwctl.schema.prepare import complete

CATALOG: Catalog = core_catalog()
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.sampled_from(["A", "http", ""]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "ip", "type", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.mark.parametrize("entity", CATALOG.names)
@given(data=st.data())
def test_both_fill_alike(entity: str, data: st.DataObject) -> None:
    fields = {name: field for name, field in CATALOG[entity].fields.items() if field.generator is None}
    values = data.draw(st.dictionaries(st.sampled_from([*fields, "unknown"]), VALUES, max_size=4))

    assert compile_complete(fields)(values) == complete(fields, values)


def test_defaults_are_never_shared() -> None:
    fill = compile_complete(CATALOG["routes"].fields)

    fill({})["protocols"].append("tcp")

    assert fill({})["protocols"] == ["http", "https"]
