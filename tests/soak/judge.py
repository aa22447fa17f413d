"""What must hold when the long run is over."""

from __future__ import annotations

import functools
import re
from collections import Counter

from tests.soak.documents import silent_path, window
from tests.soak.incidents import Excuse, unexplained
from tests.soak.subjects import LIVE_ROUTES, SILENT_ROUTES, live, silent, silent_plugin
from tests.soak.threads import Posts, Walker, Writer
from tests.tools.gateway import ControlPlane, DataPlane, Place
from tests.tools.load import Load
from tests.tools.waiting import wait_for

_NUMBERS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+")
_LOUD = re.compile(r"\[(warn|error|crit|alert|emerg)\]")
_OFTEN = 3


def failures(excuses: list[Excuse], loads: dict[str, list[Load]], posts: list[Posts]) -> None:
    """No request failed without an explanation."""
    for name, kinds in loads.items():
        for load in kinds:
            print(f"    {name}: {load.report}")
            assert unexplained(name, load.report.failures, excuses) == []
            assert load.report.requests > 0
    for post in posts:
        name = post.name.removeprefix("posts ")
        windows = [(excuse.begin, excuse.end) for excuse in excuses if excuse.node == name]
        left = [wrong for wrong in post.wrong if not any(begin - 1 <= wrong[0] <= end for begin, end in windows)]
        print(f"    {name}: {post.sent} uploads, {len(post.wrong)} failed with explanation")
        assert left == []


def clients(writer: Writer, walker: Walker) -> None:
    """The Admin API answered as it should, or was away."""
    refused = dict(writer.refused + walker.refused)
    print(f"    {writer.writes} writes, {walker.walks} walks, {len(writer.expected)} known; away: {refused}")
    assert writer.wrong == []
    assert walker.wrong == []
    assert writer.writes > 0
    assert walker.walks > 0


def state(control_planes: list[ControlPlane], data_planes: list[DataPlane], writer: Writer) -> None:
    """Every node holds one configuration: what was acknowledged is there, and is served."""

    def equal() -> bool:
        hashes = [{row["config_hash"] for row in control_plane.nodes()} for control_plane in control_planes]
        return all(len(found) == 1 for found in hashes) and hashes[0] == hashes[1]

    wait_for(equal, "every node holds the same configuration", deadline=40)
    for row in control_planes[0].nodes():
        assert row["sync_status"] == "plugin_set_incompatible", row
        assert row["last_error"]["message"].startswith("configured plugins that the data plane lacks: "), row
    for control_plane in control_planes:
        for look, exists in writer.expected.items():
            answer = control_plane.ask("GET", look)
            assert (answer.status == 200) == exists, f"{look}: an acknowledged write was lost"
    wanted = _wanted(control_planes[0])
    for data_plane in data_planes:
        # The last write may be on its way still; once it is there, every worker must answer so, time after time.
        wait_for(functools.partial(_serves, data_plane, wanted), f"{data_plane.name} serves what is stored")
        for _ in range(10):
            assert _wrong(data_plane, wanted) == {}, data_plane.name


def files(data_planes: list[DataPlane], number: int) -> None:
    """Routes of the last document are served, but those with a plugin that no node runs; those of others are gone."""
    now = window(number)
    wanted = {f"/file/{now.start - 1}": 404, f"/file/{now.stop}": 404}
    for each in now:
        wanted[f"/file/{each}"] = 200
        if (path := silent_path("file", each)) is not None:
            wanted[path] = 503
    for data_plane in data_planes:
        for _ in range(2):
            assert _wrong(data_plane, wanted) == {}, data_plane.name
    for data_plane in data_planes:
        answer = data_plane.get(next(path for path, status in wanted.items() if status == 503))
        assert "plugin is not available on this node" in answer.text


def logs(place: Place, writer: Writer) -> None:
    """No node was surprised by an error, and none writes a warning with every change: that would fill a disk."""
    for log in sorted(place.directory.parent.rglob("error.log")):
        text = log.read_text(errors="replace")
        assert "Traceback" not in text, f"{log}: {text[max(0, text.index('Traceback') - 2000) :][:6000]}"
        lines = Counter(_NUMBERS.sub("#", line) for line in text.splitlines() if _LOUD.search(line))
        few = {line: count for line, count in lines.most_common(5) if count > _OFTEN}
        print(f"    {log.parent.parent.name}: {sum(lines.values())} warnings and errors, most often {few}")
        assert sum(lines.values()) < 100 + writer.writes / 5, log


def _wanted(control_plane: ControlPlane) -> dict[str, int]:
    """What data planes answer to each path that the writer makes and removes."""
    stored = {route["name"] for route in control_plane.ask("GET", "/routes?size=1000&tags=live").json()["data"]}
    names = [live(number) for number in range(LIVE_ROUTES)]
    wanted = {f"/{name}": 200 if name in stored else 404 for name in names}
    for number in range(SILENT_ROUTES):
        there = control_plane.ask("GET", f"/plugins/{silent_plugin(number)}").status == 200
        wanted[f"/{silent(number)}"] = 503 if there else 200
    return wanted


def _serves(data_plane: DataPlane, wanted: dict[str, int]) -> bool:
    return not _wrong(data_plane, wanted)


def _wrong(data_plane: DataPlane, wanted: dict[str, int]) -> dict[str, int]:
    """The paths that a data plane answers otherwise than the stored configuration wants, with its answers."""
    found = {path: data_plane.get(path).status for path in wanted}
    return {path: status for path, status in found.items() if status != wanted[path]}
