"""Bodies that are wrong, too large, too deep or in one of three encodings (admin-api.md 2.1, 2.2)."""

from __future__ import annotations

import logging
import socket
from typing import Any

import pytest

from tests.integration.admin.conftest import Admin, Serve
from tests.tools.waiting import wait_for

JSON = {"Content-Type": "application/json"}
CANNOT_PARSE = {"message": "Cannot parse JSON body"}
BOUNDARY = "----------0123"


@pytest.fixture
def database_kind() -> str:
    """The kind of database plays no part here."""
    return "sqlite"


def multipart(*fields: tuple[str, str]) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields
    ]
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()


MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@pytest.mark.parametrize(
    ("data", "headers", "status", "body"),
    [
        (b"{", JSON, 400, CANNOT_PARSE),
        (b"", JSON, 400, CANNOT_PARSE),
        (b"[]", JSON, 400, CANNOT_PARSE),
        (b'"text"', JSON, 400, CANNOT_PARSE),
        (b"{} {}", JSON, 400, CANNOT_PARSE),
        (b'{"host": NaN}', JSON, 400, CANNOT_PARSE),
        (b'{"host": "\xff"}', JSON, 400, CANNOT_PARSE),
        (b'{"host": "a.b"}', {"Content-Type": "application/json; charset=utf-8"}, 201, None),
        (b'{"host": "a.b"}', {"Content-Type": "text/plain"}, 415, None),
        (b'{"host": "a.b"}', {"Content-Type": "Application/JSON"}, 415, None),
        (b"x", {}, 415, None),
        (None, {}, 400, "schema violation (host: required field missing)"),
        (b"", {"Content-Type": "application/x-www-form-urlencoded"}, 400, None),
        (b"", MULTIPART, 400, "schema violation (host: required field missing)"),
        (b"garbage", MULTIPART, 400, "Cannot parse multipart body"),
        (b"x", {"Content-Type": "multipart/form-data"}, 400, "Cannot parse multipart body"),
        (b"host=a.b&port=99&enabled=false", {"Content-Type": "application/x-www-form-urlencoded"}, 201, None),
        (multipart(("host", "a.b"), ("port", "99")), MULTIPART, 201, None),
        (b"&".join(b"x=1" for _ in range(1001)), {"Content-Type": "application/x-www-form-urlencoded"}, 400,
         "Too many arguments"),
        (multipart(*(("x", "1") for _ in range(1001))), MULTIPART, 400, "Too many arguments"),
    ],
)  # fmt: skip
def test_bodies(admin: Admin, data: bytes | None, headers: dict[str, str], status: int, body: Any) -> None:
    answer = admin.ask("POST", "/services", data=data, headers=headers)
    assert answer.status == status, answer.data
    if status == 415:
        assert answer.data == b""
    elif isinstance(body, dict):
        assert answer.json == body
    elif body is not None:
        assert answer.json["message"] == body


def test_too_many_query_arguments(admin: Admin) -> None:
    answer = admin.ask("GET", "/services?" + "&".join("x=1" for _ in range(1001)))
    assert (answer.status, answer.json) == (400, {"message": "Too many arguments"})
    assert admin.ask("GET", "/services?" + "&".join("x=1" for _ in range(1000))).status == 200


@pytest.mark.parametrize(("depth", "message"), [(99, None), (100, "Cannot parse JSON body")])
def test_json_depth(admin: Admin, depth: int, message: str | None) -> None:
    nested = b'{"host": "a.b", "tags": ' + b"[" * depth + b"]" * depth + b"}"
    answer = admin.ask("POST", "/services", data=nested, headers=JSON)
    assert answer.status == 400
    assert (answer.json["message"] == "Cannot parse JSON body") is (message is not None)


def test_many_flat_values_are_not_deep(admin: Admin) -> None:
    answer = admin.ask("POST", "/consumers", {"username": "u", "tags": [f"t{number}" for number in range(500)]})
    assert answer.status == 201
    sources = [{"ip": "10.0.0.1", "port": number} for number in range(200)]
    assert admin.ask("POST", "/routes", {"protocols": ["tcp"], "sources": sources}).status == 201


def test_a_body_over_ten_mebibytes_is_refused(admin: Admin) -> None:
    fits = b'{"username": "large"}' + b" " * (10 * 1024 * 1024 - 21)
    assert len(fits) == 10 * 1024 * 1024
    assert admin.ask("POST", "/consumers", data=fits, headers=JSON).status == 201
    answer = admin.ask("POST", "/consumers", data=fits + b" ", headers=JSON)
    assert (answer.status, answer.json) == (413, {"message": "Request body is larger than 10 MiB"})
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize(
    ("setting", "size", "limit"),
    [("1000", 1001, "1000 bytes"), ("1m", (1 << 20) + 1, "1 MiB"), ("1k", 9 << 20, "1024 bytes")],
)
def test_the_limit_of_bodies_is_a_setting(serve: Serve, setting: str, size: int, limit: str) -> None:
    with serve(environ={"GWCTL_NGINX_ADMIN_CLIENT_MAX_BODY_SIZE": setting}) as admin:
        answer = admin.ask("POST", "/consumers", data=b" " * size, headers=JSON)
        assert (answer.status, answer.json) == (413, {"message": f"Request body is larger than {limit}"})
        assert admin.ask("POST", "/consumers", {"username": "small"}).status == 201


def test_a_limit_of_zero_is_none(serve: Serve) -> None:
    with serve(environ={"KONG_NGINX_ADMIN_CLIENT_MAX_BODY_SIZE": "0"}) as admin:
        large = b'{"username": "large"}' + b" " * (11 << 20)
        assert admin.ask("POST", "/consumers", data=large, headers=JSON).status == 201


def test_an_endless_body_is_cut_off(admin: Admin) -> None:
    with admin.served.connect() as connection:
        connection.sendall(
            b"POST /consumers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        with pytest.raises(OSError):  # noqa: PT012
            for _ in range(200):
                connection.sendall(chunk)


def test_who_waits_for_permission_is_refused_before_sending(admin: Admin) -> None:
    with admin.served.connect() as connection:
        connection.sendall(
            b"POST /consumers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Content-Length: 999999999\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_stops_coming_times_out(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gwctl.admin.chunks.SILENCE_SECONDS", 0.05)
    with serve() as admin, admin.served.connect() as connection:
        connection.sendall(
            b"POST /consumers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_a_client_that_leaves_in_the_middle_writes_nothing(admin: Admin, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gwctl")
    with admin.served.connect() as connection:
        connection.sendall(
            b"POST /consumers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
            b'{"username": "half"}'
        )
        connection.shutdown(socket.SHUT_RDWR)
    wait_for(lambda: "POST /consumers: the client went away" in caplog.text, "it is noticed")
    assert admin.ask("GET", "/consumers/half").status == 404
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_bodies_of_reads_are_ignored(admin: Admin) -> None:
    assert admin.ask("GET", "/services", data=b"{garbage", headers=JSON).status == 200
    assert admin.ask("DELETE", "/services/x", data=b"garbage", headers={"Content-Type": "a/b"}).status == 204


def test_forms_build_arrays_and_maps(admin: Admin) -> None:
    admin.made("/services", {"name": "s1", "host": "a.b"})
    for form in ("hosts[]=a.b&hosts[]=c.d", "hosts[1]=a.b&hosts[2]=c.d", "hosts=a.b&hosts=c.d"):
        made = admin.ask("POST", "/routes", form=form + "&headers.x-a[]=1&service.name=s1&regex_priority=3").json
        assert (made["hosts"], made["headers"], made["regex_priority"]) == (["a.b", "c.d"], {"x-a": ["1"]}, 3)
    assert admin.ask("POST", "/routes", form="paths=/z").json["paths"] == ["/z"]
    assert admin.ask("POST", "/routes", form="paths=").status == 400
