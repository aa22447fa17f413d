"""Errors by type: templates, escaping, choice by Accept, gRPC (proxy.md 4.1 to 4.3)."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.engine.proxy.answers import choose_type, core_answer
from gwctl.engine.proxy.error_bodies import GRPC, HTML, JSON, PLAIN, XML, ErrorBodies, Template, TemplateError
from gwctl.engine.proxy.statuses import grpc_fields, grpc_status, message_of, reason

BODIES = ErrorBodies()
ID = "0123456789abcdef0123456789abcdef"

USUAL = {
    JSON: '{\n  "message":"Not found",\n  "request_id":"%s"\n}',
    PLAIN: "Not found\nrequest_id: %s\n",
    XML: (
        '<?xml version="1.0" encoding="UTF-8"?>\n<error>\n  <message>Not found</message>\n'
        "  <requestid>%s</requestid>\n</error>\n"
    ),
    HTML: (
        '<!doctype html>\n<html>\n  <head>\n    <meta charset="utf-8">\n    <title>Error</title>\n  </head>\n'
        "  <body>\n    <h1>Error</h1>\n    <p>Not found.</p>\n    <p>request_id: %s</p>\n  </body>\n</html>\n"
    ),
}


@pytest.mark.parametrize(("kind", "text"), USUAL.items())
def test_the_usual_body_of_each_type(kind: str, text: str) -> None:
    assert BODIES.render(kind, "Not found", ID) == (f"{kind}; charset=utf-8".encode(), (text % ID).encode())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text())
def test_a_message_never_breaks_out_of_its_place(message: str) -> None:
    assert json.loads(BODIES.render(JSON, message, ID)[1])["request_id"] == ID
    tree = ElementTree.fromstring(BODIES.render(XML, message, ID)[1])
    assert [child.tag for child in tree] == ["message", "requestid"]
    page = _Text()
    page.feed(BODIES.render(HTML, message, ID)[1].decode())
    assert page.tags == ["html", "head", "meta", "title", "body", "h1", "p", "p"]
    assert BODIES.render(PLAIN, message, ID)[1].endswith(f"\nrequest_id: {ID}\n".encode())


@given(st.text(st.characters(codec="utf-8")))
def test_json_keeps_the_message(message: str) -> None:
    assert json.loads(BODIES.render(JSON, message, ID)[1])["message"] == message


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("", ""),
        ("%s", "M"),
        ("a%sb", "aMb"),
        ("%s %s", "M I"),
        ("<%s|%s>", "<M|I>"),
        ("100%% of %s", "100% of M"),
        ("%%s", "%s"),
        ("%%%s%%%%%s%%", "%M%%I%"),
    ],
)
def test_templates_are_filled(text: str, filled: str) -> None:
    assert Template.parse(text).fill("M", "I") == filled


def test_a_message_with_placeholders_is_not_a_template() -> None:
    assert Template.parse("%s|%s").fill("%s %d %", "I") == "%s %d %|I"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("%d", "line 1: '%d' is no placeholder: write %% for a percent sign"),
        ("a\nwidth: 100%;", "line 2: '%;' is no placeholder"),
        ("a\n\nends with %", "line 3: '%' is no placeholder"),
        ("100%\n%s", "line 1: '%' is no placeholder"),
        ("%s\n%s\n%s", "line 3: more than two %s"),
        ("%5s", "line 1: '%5' is no placeholder"),
    ],
)
def test_a_template_that_cannot_be_filled_names_the_line(text: str, complaint: str) -> None:
    with pytest.raises(TemplateError, match="line") as raised:
        Template.parse(text)
    assert str(raised.value).startswith(complaint)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, PLAIN),
        (b"", PLAIN),
        (b"  ", PLAIN),
        (b"application/json", JSON),
        (b"application/*", JSON),
        (b"*/*", JSON),
        (b"image/png", JSON),
        (b"nonsense", JSON),
        (b"TEXT/HTML", HTML),
        (b"text/*", PLAIN),
        (b"text/plain", PLAIN),
        (b"application/xml", XML),
        (b"application/grpc", GRPC),
        (b"application/grpc+proto", GRPC),
        (b"text/html, application/xml", HTML),
        (b"text/html;q=0.1, application/xml", XML),
        (b"text/html; q=0.1 ,application/xml;q=0.100,text/plain;q=0.2", PLAIN),
        (b"text/html;level=1;q=0.5, text/plain;q=0.4", HTML),
        (b"text/html;q=2, text/plain", HTML),
        (b"text/html;q=0, text/plain;q=0.001", PLAIN),
        (b"text/html;q=0", JSON),
        (b",,text/html", JSON),
    ],
)
def test_accept_chooses(accept: bytes | None, kind: str) -> None:
    assert choose_type(accept, PLAIN) == kind


@given(st.binary(max_size=60))
def test_any_accept_chooses_something(accept: bytes) -> None:
    assert choose_type(accept, PLAIN) in (JSON, PLAIN, HTML, XML, GRPC)


MESSAGES = {
    400: "Bad request",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    411: "Length required",
    412: "Precondition failed",
    413: "Payload too large",
    414: "URI too long",
    417: "Expectation failed",
    494: "Request header or cookie too large",
    500: "An unexpected error occurred",
    502: "An invalid response was received from the upstream server",
    503: "The upstream server is currently unavailable",
    504: "The upstream server is timing out",
    418: "I'm a teapot",
    599: "The upstream server responded with 599",
}


@pytest.mark.parametrize(("status", "message"), MESSAGES.items())
def test_messages(status: int, message: str) -> None:
    assert message_of(status) == message
    answer = core_answer(status)
    assert (answer.status, answer.message) == (400 if status == 494 else status, message)


def test_reason_phrases() -> None:
    assert [reason(status) for status in (200, 405, 426, 504, 299)] == [
        b"OK",
        b"Not Allowed",
        b"",
        b"Gateway Time-out",
        b"",
    ]


GRPC_STATUSES = {200: 0, 204: 0, 400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 418: 3, 426: 3, 429: 8} | {
    499: 1,
    500: 13,
    501: 12,
    502: 13,
    503: 14,
    504: 4,
    302: 2,
}


@pytest.mark.parametrize(("status", "code"), GRPC_STATUSES.items())
def test_grpc_statuses(status: int, code: int) -> None:
    assert grpc_status(status) == code


def test_grpc_messages() -> None:
    assert grpc_fields(503, None) == ((b"grpc-status", b"14"), (b"grpc-message", b"Unavailable"))
    assert grpc_fields(401, None)[1] == (b"grpc-message", b"Unauthenticated")
    assert grpc_fields(500, "100% é\r\nX: y")[1] == (b"grpc-message", b"100%25 %C3%A9%0D%0AX: y")
