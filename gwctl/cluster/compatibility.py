"""Which data planes a control plane accepts (hybrid.md 7.1), in the 3.8.1 number space and in protocol numbers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from gwctl.cluster.protocol import PROTOCOLS

INCOMPATIBLE = "kong_version_incompatible"
NORMAL = "normal"
PLUGINS_MISSING = "plugin_set_incompatible"

_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})(?:\D.*)?", re.DOTALL)


class Verdict(NamedTuple):
    """``problem`` is None for an accepted version; ``remark`` is worth a line in the log although it is accepted."""

    problem: str | None = None
    remark: str | None = None


def judge_version(data_plane: str, control_plane: str) -> Verdict:
    """Major numbers must be equal, and the data plane's minor number not above the control plane's."""
    theirs, ours = parse_version(data_plane), parse_version(control_plane)
    if theirs is None or ours is None or theirs[0] != ours[0]:
        accepted = f"{ours[0]}.x.y" if ours else "none"
        return Verdict(
            f"data plane version {data_plane} is incompatible with control plane version {control_plane} "
            f"({accepted} are accepted)"
        )
    if theirs[1] > ours[1]:
        return Verdict(
            f"data plane version {data_plane} is incompatible with older control plane version {control_plane}"
        )
    if theirs[1] < ours[1]:
        return Verdict(
            remark=f"data plane minor version {data_plane} is different to control plane minor version {control_plane}"
        )
    return Verdict()


def parse_version(text: str) -> tuple[int, int] | None:
    """(major, minor); patch and suffix do not matter. None for anything that is no version."""
    match = _VERSION.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None


def missing_plugins(needed: Collection[str], announced: Iterable[Mapping[str, str | None]]) -> list[str]:
    """The configured plugins that a data plane does not run, sorted; its routes with one of them answer 503."""
    return sorted(set(needed) - {plugin["name"] for plugin in announced if plugin["name"]})


def choose_protocol(offered: Sequence[int]) -> int | None:
    """The highest protocol number both sides speak."""
    return max(set(offered) & set(PROTOCOLS), default=None)


def explain_protocols(offered: Sequence[int], gwctl_version: str) -> str:
    """Why no protocol could be chosen."""
    theirs = ", ".join(map(str, offered)) or "none"
    ours = ", ".join(map(str, PROTOCOLS))
    return (
        f"no common protocol: the data plane (gwctl {gwctl_version}) speaks {theirs}, the control plane speaks {ours}"
    )
