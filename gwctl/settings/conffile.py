"""The conf file (hybrid.md 2.2): ``key = value`` lines, ``#`` comments, ``\\#`` for a literal one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from gwctl.settings.errors import Problem

DEFAULT_PLACES = (
    Path("/etc/gwctl/gwctl.conf"),
    Path("/etc/gwctl.conf"),
    Path("/etc/kong/kong.conf"),
    Path("/etc/kong.conf"),
)

_COMMENT = re.compile(r"(?<!\\)#.*")


@dataclass(frozen=True, slots=True)
class ConfText:
    """What a file says: the text per key (empty means unset), and its lines that say nothing understandable."""

    values: dict[str, str]
    problems: tuple[Problem, ...] = ()


def find_conf(chosen: Path | None, places: tuple[Path, ...] = DEFAULT_PLACES) -> Path | None:
    """The file to read: ``chosen``, else the first of ``places`` that exists, else none."""
    if chosen is not None:
        return chosen
    return next((place for place in places if place.is_file()), None)


def read_conf(path: Path) -> ConfText:
    """Read ``path``; whatever is wrong with it is in the result's problems, nothing is raised."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ConfText({}, (Problem(f"no file at: {path}"),))
    except UnicodeDecodeError as error:
        return ConfText({}, (Problem(f"{path} is not UTF-8 text (byte {error.start})"),))
    except OSError as error:
        return ConfText({}, (Problem(f"cannot read {path}: {error.strerror}"),))
    return parse_conf(text, str(path))


def parse_conf(text: str, place: str) -> ConfText:
    """The keys and values of ``text``; of a repeated key the last counts."""
    values: dict[str, str] = {}
    problems = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = _COMMENT.sub("", raw, count=1).replace("\\#", "#").strip()
        if not line:
            continue
        key, separator, value = line.partition("=")
        if separator and key.strip():
            values[key.strip()] = value.strip()
        else:
            problems.append(Problem(f"{place}:{number}: expected 'key = value'", "begin a comment with #"))
    return ConfText(values, tuple(problems))


def write_line(key: str, value: str) -> str:
    """The line that ``parse_conf`` reads back as ``key`` and ``value``."""
    return f"{key} = {value.replace('#', chr(92) + '#')}"
