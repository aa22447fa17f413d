"""Bodies of the gateway's errors by content type, from our templates or the operator's (proxy.md 4.2)."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

JSON, PLAIN, HTML, XML, GRPC = "application/json", "text/plain", "text/html", "application/xml", "application/grpc"

_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_MOST_PLACEHOLDERS = 2
# what XML 1.0 cannot hold at all, and lone surrogates, which no encoding can
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class TemplateError(ValueError):
    """A template that cannot be used; the message names the line and the fix."""


@dataclass(frozen=True, slots=True)
class Template:
    """Text with room for a message and, behind it, a request id; one or both may be missing."""

    pieces: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """From text in which the first ``%s`` stands for the message, the second for the request id and ``%%`` for a
        percent sign. Raises TemplateError."""
        pieces: list[str] = []
        start, piece = 0, ""
        for found in _DIRECTIVE.finditer(text):
            piece += text[start : found.start()]
            start = found.end()
            if found[1] == "%":
                piece += "%"
                continue
            line = text.count("\n", 0, found.start()) + 1
            if found[1] != "s":
                raise TemplateError(f"line {line}: '{found[0].strip()}' is no placeholder: write %% for a percent sign")
            if len(pieces) == _MOST_PLACEHOLDERS:
                raise TemplateError(f"line {line}: more than two %s: the message and the request id are all there is")
            pieces.append(piece)
            piece = ""
        return cls((*pieces, piece + text[start:]))

    def fill(self, message: str, request_id: str) -> str:
        """The text with both in their places."""
        first, *others = self.pieces
        return "".join((first, *(word + piece for word, piece in zip((message, request_id), others, strict=False))))


def _json(message: str) -> str:
    return json.dumps(message, ensure_ascii=False)[1:-1]


def _xml(message: str) -> str:
    return html.escape(_NO_XML.sub("\ufffd", message))


def _plain(message: str) -> str:
    return message


_ESCAPES: Mapping[str, Callable[[str], str]] = MappingProxyType({JSON: _json, XML: _xml, HTML: _xml, PLAIN: _plain})

DEFAULTS = MappingProxyType(
    {
        JSON: Template.parse('{\n  "message":"%s",\n  "request_id":"%s"\n}'),
        PLAIN: Template.parse("%s\nrequest_id: %s\n"),
        XML: Template.parse(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            "<error>\n  <message>%s</message>\n  <requestid>%s</requestid>\n</error>\n"
        ),
        HTML: Template.parse(
            "<!doctype html>\n<html>\n"
            '  <head>\n    <meta charset="utf-8">\n    <title>Error</title>\n  </head>\n'
            "  <body>\n    <h1>Error</h1>\n    <p>%s.</p>\n    <p>request_id: %s</p>\n  </body>\n</html>\n"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class ErrorBodies:
    """The template of each type; every message is escaped for the type it goes into."""

    templates: Mapping[str, Template] = field(default_factory=lambda: DEFAULTS)

    def render(self, kind: str, message: str, request_id: str) -> tuple[bytes, bytes]:
        """Content-Type and body of an error in ``kind``, which is one of the types above but gRPC."""
        text = self.templates[kind].fill(_ESCAPES[kind](message), request_id)
        return f"{kind}; charset=utf-8".encode(), text.encode(errors="replace")
