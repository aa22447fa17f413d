"""A node without a proxy (list 01 of 17.3)."""

from __future__ import annotations

from tests.tools.client import ask
from tests.tools.gateway import Place
from tests.tools.ports import is_free
from tests.tools.traditional import Traditional


def test_a_node_may_have_no_proxy_and_no_streams(place: Place) -> None:
    node = Traditional(place)
    node.environ |= {"KONG_PROXY_LISTEN": "off", "KONG_STREAM_LISTEN": "off"}

    node.started()

    assert is_free(node.port)
    assert ask("GET", f"http://127.0.0.1:{node.admin_port}/").json()["configuration"]["proxy_listeners"] in ([], {})
    node.gwctl("stop")
