"""The commands of a page: every line of its fenced ``sh`` blocks."""

from __future__ import annotations

import re
from pathlib import Path

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shell_blocks(page: Path) -> list[str]:
    """The text of each block, continued lines joined and comments removed."""
    blocks = []
    for text in _BLOCK.findall(page.read_text()):
        lines = text.replace("\\\n", " ").splitlines()
        blocks.append("\n".join(re.sub(r"(^|\s)#.*$", "", line).rstrip() for line in lines))
    return blocks


def shell_lines(page: Path) -> list[str]:
    return [line for block in shell_blocks(page) for line in block.splitlines() if line.strip()]
