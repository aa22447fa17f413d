from __future__ import annotations

import json
import urllib.request

from gwctl.node.echo import EchoServer


def test_it_tells_what_it_received() -> None:
    with EchoServer(0) as echo:
        request = urllib.request.Request(f"{echo.url}/a?b=1", data=b"hello", headers={"X-Mine": "yes"}, method="PUT")
        with urllib.request.urlopen(request, timeout=5) as answer:
            told = json.load(answer)
    assert (told["method"], told["path"], told["body"]) == ("PUT", "/a?b=1", "hello")
    assert told["headers"]["X-Mine"] == "yes"
