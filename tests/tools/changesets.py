"""Killing a control plane amid a changeset: afterwards everybody holds the old state or the new one, whole."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Sequence
from typing import Any

from tests.tools import processes
from tests.tools.hybrid import Hybrid
from tests.tools.waiting import wait_for

JSON = {"Content-Type": "application/json"}
ENDS = ("first", "last")


def document(upstream: str, generation: int, records: int) -> dict[str, Any]:
    """Consumers of a generation, and two of its routes, which stand far apart in a plan."""
    routes = [{"name": f"{end}-{generation}", "paths": [f"/{end}-{generation}"]} for end in ENDS]
    consumers = [{"username": f"c{number}", "tags": [f"generation-{generation}"]} for number in range(records)]
    return {
        "_format_version": "3.0",
        "services": [{"name": "echo", "url": upstream, "routes": routes}],
        "consumers": consumers,
    }


def apply(hybrid: Hybrid, generation: int, records: int) -> None:
    """Apply a generation to the end."""
    body = json.dumps(document(hybrid.upstream.url, generation, records)).encode()
    answer = hybrid.control_plane.ask("POST", "/config/apply?changes=0", body=body, headers=JSON, timeout=120.0)
    assert json.loads(answer.body.splitlines()[-1])["event"] == "done", answer.text


def killed_amid(hybrid: Hybrid, generation: int, records: int, moment: tuple[str, int]) -> None:
    """Begin to apply a generation and kill every process of the control plane at the n-th event of a kind."""
    heard = threading.Event()
    body = json.dumps(document(hybrid.upstream.url, generation, records)).encode()

    def ask() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            port = hybrid.control_plane.admin_port
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
                connection.request("POST", "/config/apply?changes=0", body, JSON)
                with connection.getresponse() as response:
                    count = 0
                    while count < moment[1] and (line := response.readline()):
                        count += json.loads(line)["event"] == moment[0]
                    heard.set()
        heard.set()

    asking = threading.Thread(target=ask)
    asking.start()
    heard.wait(120)
    killed = hybrid.control_plane.kill()
    asking.join()
    wait_for(lambda: not any(map(processes.alive, killed)), "every process of the control plane is gone")


def held(hybrid: Hybrid, generations: Sequence[int], records: int) -> int:
    """The one generation that the database holds, whole."""
    control_plane = hybrid.control_plane
    found = {each: _tagged(control_plane, f"generation-{each}") for each in generations}
    (generation,) = (each for each, count in found.items() if count)
    assert found[generation] == records, found
    routes = {route["name"] for route in control_plane.ask("GET", "/routes").json()["data"]}
    assert routes == {f"{end}-{generation}" for end in ENDS}
    return generation


def _tagged(control_plane: Any, tag: str) -> int:
    count, path = 0, f"/consumers?tags={tag}&size=1000"
    while path:
        page = control_plane.ask("GET", path).json()
        count, path = count + len(page["data"]), page["next"]
    return count


def survives(hybrid: Hybrid, records: int, moments: Sequence[tuple[str, int]]) -> None:
    """Kill at each of ``moments`` (kind and number of an event) and look at the database and the data planes."""
    apply(hybrid, 0, records)
    generation = 0
    for attempt, moment in enumerate(moments, 1):
        killed_amid(hybrid, attempt, records, moment)
        hybrid.control_plane.start()
        now = held(hybrid, (generation, attempt), records)
        for data_plane in hybrid.data_planes:
            for end in ENDS:
                data_plane.serves(f"/{end}-{now}", deadline=60.0)
                other = attempt if now == generation else generation
                assert data_plane.get(f"/{end}-{other}").status == 404
        generation = now
    apply(hybrid, len(moments) + 1, records)
    hybrid.data_plane.serves(f"/last-{len(moments) + 1}", deadline=60.0)
