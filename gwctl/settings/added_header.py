"""The setting ``nginx_proxy_add_header``: one more header on answers, in nginx's words."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(r"""\s*(?:"([^"\\]*)"|'([^'\\]*)'|([^\s"';{}\\]+))(?=\s|$)""")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x20-\x7e\x80-\xff]+")
_STATUSES = frozenset((200, 201, 204, 206, 301, 302, 303, 304, 307, 308))
# what frames a message is written by the engine alone
_FRAMING = frozenset(("connection", "content-length", "keep-alive", "trailer", "transfer-encoding", "upgrade"))


@dataclass(frozen=True, slots=True)
class AddedHeader:
    """A header line, and whether it goes with every status (``always``) or with the usual good ones only."""

    line: bytes
    always: bool

    def at(self, status: int) -> bytes:
        """What is added to an answer with ``status``."""
        return self.line if self.always or status in _STATUSES else b""


def parse_added_header(text: str) -> AddedHeader:
    """From ``name value [always]``, the value in quotes if it has spaces. Raises ValueError, which says what to do."""
    words, position = [], 0
    text = text.strip().removesuffix(";").rstrip()
    while position < len(text):
        match = _WORD.match(text, position)
        if match is None:
            raise ValueError("write: name value [always], with quotes around a value with spaces")
        words.append(next(word for word in match.groups() if word is not None))
        position = match.end()
    if len(words) not in (2, 3) or words[2:] not in ([], ["always"]):
        raise ValueError("write: name value [always], with quotes around a value with spaces")
    name, value = words[:2]
    if not _NAME.fullmatch(name) or name.lower() in _FRAMING:
        raise ValueError(f"'{name}' cannot be added: choose another name")
    if "$" in value:
        raise ValueError("variables of nginx are not available: write the value itself")
    if not _VALUE.fullmatch(value):
        raise ValueError("the value must be text on one line")
    return AddedHeader(f"{name}: {value}\r\n".encode("latin-1"), len(words) == 3)
