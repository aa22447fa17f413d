"""However many arguments and fields a message has, proxying cuts none off (list 30 of 17.3)."""

from __future__ import annotations

import pytest

from tests.integration.engine.world import Response, echo, fields_of, gateway, one_route, play, says, upstream_server


@pytest.mark.parametrize("limit", [50, 100, 200])
@pytest.mark.parametrize("more", [0, 1])
def test_what_is_proxied_is_whole(limit: int, more: int) -> None:
    """The limits are for what plugins see; the settings that name them change nothing here."""
    count = limit + more
    query = "&".join(f"arg{number}={number}" for number in range(count))
    lines = [f"X-Field-{number}: {number}" for number in range(count)]
    form = "&".join(f"post{number}={number}" for number in range(count))
    answer = "".join(f"X-Back-{number}: {number}\r\n" for number in range(count))
    names = ("req_headers", "resp_headers", "uri_args", "post_args")
    environ = {f"GWCTL_LUA_MAX_{name.upper()}": str(limit) for name in names}

    async def run() -> Response:
        head = f"HTTP/1.1 200 OK\r\n{answer}".encode()
        async with upstream_server(echo(answer=head)) as up, gateway(one_route(up.port), environ=environ) as gw:
            fields = "".join(f"{line}\r\n" for line in ("Host: x", f"Content-Length: {len(form)}", *lines))
            return await gw.ask(f"POST /p?{query} HTTP/1.1\r\n{fields}\r\n{form}".encode())

    response = play(run())
    head, _, body = response.body.partition(b"\r\n\r\n")
    seen = [f"{name}: {value}" for name, value in fields_of(head + b"\r\n\r\n") if name.startswith("X-Field-")]
    assert head.split(b" ")[1].decode() == f"/p?{query}"
    assert seen == lines
    assert body.decode() == form
    assert [name for name, _ in response.fields if name.startswith("X-Back-")] == [f"X-Back-{n}" for n in range(count)]


def test_repeated_fields_of_a_response_all_arrive_in_order() -> None:
    cookies = [f"a{number}=b; Path=/" for number in range(150)]
    lines = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in cookies)
    answer = f"HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n".encode()

    async def run() -> Response:
        async with upstream_server(says(answer)) as up, gateway(one_route(up.port)) as gw:
            return await gw.get("/")

    assert play(run()).all("set-cookie") == cookies
