"""What the engine records of requests."""

from __future__ import annotations

from gwctl.observe.access import AccessRecord
from tests.integration.engine.world import Talk, gateway, one_route, play, says, until, upstream_server


class Records(list[AccessRecord]):
    def write(self, record: AccessRecord) -> None:
        self.append(record)


def test_every_request_leaves_a_record() -> None:
    records = Records()

    async def run() -> list[str | None]:
        script = says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        async with upstream_server(script) as up, gateway(one_route(up.port, paths=["/a"]), access_log=records) as gw:
            talk = await gw.connect()
            served = await talk.get("/a?b", "Referer: http://r/", "User-Agent: t")
            missed = await talk.get("/none")
            refused = await talk.ask(b"BAD\r\n\r\n")
            await until(lambda: len(records) == 3, "three records")
            return [answer.get("x-kong-request-id") for answer in (served, missed, refused)]

    ids = play(run())
    served, missed, refused = records
    assert [record.request_id for record in records] == ids
    assert (served.request, served.status, served.body_bytes) == (b"GET /a?b HTTP/1.1", 200, 3)
    assert (served.client, served.referer, served.user_agent) == ("127.0.0.1", b"http://r/", b"t")
    assert (missed.status, missed.body_bytes > 50) == (404, True)
    assert (refused.request, refused.status) == (b"", 400)


def test_a_client_that_leaves_is_logged_as_499() -> None:
    records = Records()

    async def silent(talk: Talk) -> None:
        await talk.head()
        await talk.rest()

    async def run() -> None:
        async with upstream_server(silent) as up, gateway(one_route(up.port), access_log=records) as gw:
            talk = await gw.connect()
            await talk.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await until(lambda: up.connections == 1, "the upstream is reached")
            talk.close()
            await until(lambda: len(records) == 1, "the record")

    play(run())
    assert records[0].status == 499


def test_the_client_of_a_record_is_the_real_one() -> None:
    records = Records()

    async def run() -> None:
        async with gateway({}, access_log=records, environ={"GWCTL_TRUSTED_IPS": "127.0.0.1"}) as gw:
            await gw.get("/", "X-Real-IP: 9.9.9.9")

    play(run())
    assert records[0].client == "9.9.9.9"
