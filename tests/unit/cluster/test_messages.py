from __future__ import annotations

import contextlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.cluster import messages as m
from gwctl.cluster.errors import MessageError
from gwctl.cluster.protocol import DEPTH_LIMIT

MARK = m.Mark("lineage", 7, "ab" * 16)
HELLO = m.Hello(
    (1,), "id", "host", "3.8.1", "0.1.0", {"a": "b"}, ({"name": "p", "version": None},), MARK, MARK, 5.0, 4096
)

FROM_DATA_PLANE: list[m.FromDataPlane] = [
    HELLO,
    m.Pull(MARK, True),
    m.More(3),
    m.Ack(MARK),
    m.Nack(MARK, "why", "routes", "key"),
    m.Nack(MARK, "why"),
    m.DataPlaneHeartbeat(m.NO_MARK),
    m.Alive("nonce"),
]
FROM_CONTROL_PLANE: list[m.FromControlPlane] = [
    m.Welcome(1, "3.8.1", "0.1.0", 30.0, MARK),
    m.Welcome(1, "3.8.1", "0.1.0", 30.0, None),
    m.Refused("why"),
    m.Changed(MARK, True),
    m.SnapshotBegin(MARK, 12, "why"),
    m.SnapshotEnd(MARK),
    m.ControlPlaneHeartbeat(None),
    m.ControlPlaneHeartbeat(MARK),
    m.Probe("nonce"),
]
BOTH = [m.decode_from_data_plane, m.decode_from_control_plane]


@pytest.mark.parametrize("message", FROM_DATA_PLANE, ids=lambda message: type(message).__name__)
def test_a_data_planes_message_arrives_equal(message: m.FromDataPlane) -> None:
    assert m.decode_from_data_plane(m.encode(message)) == message


@pytest.mark.parametrize("message", FROM_CONTROL_PLANE, ids=lambda message: type(message).__name__)
def test_a_control_planes_message_arrives_equal(message: m.FromControlPlane) -> None:
    assert m.decode_from_control_plane(m.encode(message)) == message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
TYPES = ["hello", "pull", "more", "ack", "nack", "heartbeat", "alive", "welcome", "changed", "delta", "snapshot_begin"]
TYPES += ["snapshot_chunk", "snapshot_end", "probe", "refused"]
NAMES = [
    "protocols",
    "node_id",
    "labels",
    "plugins",
    "has",
    "serving",
    "config",
    "changes",
    "records",
    "digest",
    "from",
]


@given(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6), JSON)
def test_hostile_fields_give_a_reason_and_nothing_else(kind: str, fields: dict[str, Any], other: Any) -> None:
    for decode in BOTH:
        for document in ({"type": kind} | fields, other):
            if _writable(document):
                with contextlib.suppress(MessageError):
                    decode(orjson.dumps(document))


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_hostile_bytes_give_a_reason_and_nothing_else(data: bytes | str) -> None:
    for decode in BOTH:
        with pytest.raises(MessageError):
            decode(data)


@given(st.sampled_from(FROM_DATA_PLANE), st.data())
def test_a_message_with_one_field_replaced_never_breaks(message: m.FromDataPlane, data: st.DataObject) -> None:
    document = orjson.loads(m.encode(message))
    document[data.draw(st.sampled_from(sorted(document)))] = data.draw(JSON.filter(_writable))
    with contextlib.suppress(MessageError):
        m.decode_from_data_plane(orjson.dumps(document))


def _writable(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


def test_deep_nesting_is_refused() -> None:
    fine = {"type": "refused", "reason": "x", "extra": _nest(DEPTH_LIMIT - 1)}
    assert m.decode_from_control_plane(orjson.dumps(fine)) == m.Refused("x")
    with pytest.raises(MessageError, match="nested deeper"):
        m.decode_from_control_plane(b'{"type":"refused","reason":"x","extra":' + b"[" * 200 + b"]" * 200 + b"}")
    with pytest.raises(MessageError):
        m.decode_from_control_plane(b"[" * 100_000 + b"]" * 100_000)


def _nest(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("node_id", 5, "hello.node_id must be a text of at most 64 characters"),
        ("labels", {"a": 1}, "hello.labels must be an object of texts"),
        ("labels", {str(n): "x" for n in range(65)}, "hello.labels must be an object of at most 64 members"),
        ("protocols", ["1"], "hello.protocols must be a list of integers"),
        ("has", {"lineage": "x", "number": -1, "digest": "ab" * 16}, "hello.has.number must be an integer"),
        ("serving", {"lineage": "x", "number": 1, "digest": "AB" * 16}, "hello.serving.digest must be 32 hexadecimal"),
        ("heartbeat_interval", 0, "hello.heartbeat_interval must be between"),
        ("max_payload", True, "hello.max_payload must be an integer"),
        ("plugins", [{"name": ""}], "hello.plugins.name must be a text"),
    ],
)
def test_the_reason_names_the_field(field: str, value: Any, text: str) -> None:
    document = orjson.loads(m.encode(HELLO)) | {field: value}
    with pytest.raises(MessageError) as caught:
        m.decode_from_data_plane(orjson.dumps(document))
    assert text in caught.value.message
