"""The cache of names (proxy.md 8; reliability.md F39)."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gwctl.engine.balancer.dns.answers import Answer, NameNotResolved
from gwctl.engine.balancer.dns.config import DnsConfig
from gwctl.engine.balancer.dns.resolver import Resolver
from tests.tools.balancing import Names


class Place:
    def __init__(self, **config: Any) -> None:
        self.now = 0.0
        self.names = Names()
        self.resolver = Resolver(DnsConfig(**config), lambda: self.now, self.names)

    async def ips(self, name: str = "name.test") -> list[str]:
        return [record.value for record in (await self.resolver.resolve(name)).records]

    async def idle(self) -> None:
        """Look-ups in the background are done."""
        while self.resolver._running:
            await asyncio.sleep(0)


def scene(play: Callable[[Place], Awaitable[None]], **config: Any) -> None:
    async def run() -> None:
        place = Place(**config)
        try:
            await play(place)
        finally:
            await place.resolver.close()

    asyncio.run(run())


def test_answers_are_kept_and_concurrent_questions_share_a_look_up() -> None:
    async def play(place: Place) -> None:
        place.names.say("name.test", "A", "10.0.0.1")
        place.names.hold = asyncio.Event()
        waiting = [asyncio.create_task(place.ips()) for _ in range(20)]
        await asyncio.sleep(0.01)
        place.names.hold.set()
        assert await asyncio.gather(*waiting) == [["10.0.0.1"]] * 20
        assert await place.ips("NAME.test.") == ["10.0.0.1"]
        assert place.names.asked == {("name.test", "SRV"): 1, ("name.test", "A"): 1}

    scene(play)


def test_one_who_gives_up_does_not_take_the_answer_from_the_others() -> None:
    async def play(place: Place) -> None:
        place.names.say("name.test", "A", "10.0.0.1")
        place.names.hold = asyncio.Event()
        impatient, patient = (asyncio.create_task(place.ips()) for _ in range(2))
        await asyncio.sleep(0.01)
        impatient.cancel()
        place.names.hold.set()
        assert await patient == ["10.0.0.1"]

    scene(play)


def test_an_old_answer_serves_while_a_new_one_is_fetched() -> None:
    async def play(place: Place) -> None:
        place.names.say("name.test", "A", "10.0.0.1", ttl=10)
        await place.ips()
        place.names.say("name.test", "A", "10.0.0.2", ttl=10)
        place.now = 9.0
        assert await place.ips() == ["10.0.0.1"]
        assert place.names.asked["name.test", "A"] == 1
        place.now = 11.0
        assert await place.ips() == ["10.0.0.1"]
        await place.idle()
        assert await place.ips() == ["10.0.0.2"]

    scene(play)


@pytest.mark.parametrize("silent", [False, True])
def test_an_old_answer_outlives_servers_that_fail_until_it_is_stale(silent: bool) -> None:
    async def play(place: Place) -> None:
        place.names.say("name.test", "A", "10.0.0.1", ttl=10)
        await place.ips()
        place.names.fail("name.test", silent=silent)
        for second in range(11, 110, 3):
            place.now = float(second)
            assert await place.ips() == ["10.0.0.1"]
            await place.idle()
        place.now = 111.0
        with pytest.raises(NameNotResolved) as raised:
            await place.ips()
        assert not raised.value.gone

    scene(play, stale_ttl=100.0)


def test_a_failure_beside_an_old_answer_is_not_repeated_for_each_request() -> None:
    async def play(place: Place) -> None:
        place.names.say("name.test", "A", "10.0.0.1", ttl=10)
        await place.ips()
        place.names.fail("name.test", silent=True)
        place.now = 11.0
        for _ in range(50):
            assert await place.ips() == ["10.0.0.1"]
            await place.idle()
        assert place.names.questions("name.test") == 3

    scene(play, error_ttl=1.0)


def test_a_name_that_is_gone_is_gone() -> None:
    async def play(place: Place) -> None:
        place.names.say("name.test", "A", "10.0.0.1", ttl=10)
        await place.ips()
        place.names.forget("name.test")
        place.now = 11.0
        await place.ips()
        await place.idle()
        with pytest.raises(NameNotResolved) as raised:
            await place.ips()
        assert raised.value.gone
        assert place.resolver.peek("name.test") is None

    scene(play)


@pytest.mark.parametrize(
    ("failing", "kept", "reason"),
    [
        (False, 30.0, "dns server error: 3 name error"),
        (True, 1.0, "dns server error: 2 server failure"),
    ],
)
def test_absence_and_failure_are_remembered_for_their_time(failing: bool, kept: float, reason: str) -> None:
    async def play(place: Place) -> None:
        if failing:
            place.names.fail("name.test")
        for at, asked in ((0.0, 1), (kept - 0.1, 1), (kept, 2)):
            place.now = at
            with pytest.raises(NameNotResolved, match=reason):
                await place.ips()
            assert place.names.asked["name.test", "A"] == asked

    scene(play)


def test_a_name_without_records_of_any_type_is_an_empty_answer() -> None:
    async def play(place: Place) -> None:
        place.names.say("name.test", "TXT", "x")
        with pytest.raises(NameNotResolved, match="dns client error: 101 empty record received") as raised:
            await place.ips()
        assert raised.value.gone
        assert set(place.names.asked) == {("name.test", kind) for kind in ("SRV", "A", "AAAA")}

    scene(play)


def test_the_type_that_answered_last_is_asked_for_first() -> None:
    async def play(place: Place) -> None:
        place.names.say("name.test", "AAAA", "fd00::1", ttl=10)
        assert await place.ips() == ["fd00::1"]
        assert len(place.names.asked) == 3
        place.now = 11.0
        await place.ips()
        await place.idle()
        assert place.names.asked == {("name.test", "SRV"): 1, ("name.test", "A"): 1, ("name.test", "AAAA"): 2}

    scene(play)


def test_addresses_of_version_4_come_before_those_of_version_6() -> None:
    async def play(place: Place) -> None:
        place.names.say("name.test", "AAAA", "fd00::1")
        place.names.say("name.test", "A", "10.0.0.1")
        assert await place.ips() == ["10.0.0.1"]

    scene(play)


def test_the_order_of_types_is_the_setting() -> None:
    async def play(place: Place) -> None:
        place.names.say("name.test", "AAAA", "fd00::1")
        place.names.say("name.test", "A", "10.0.0.1")
        assert await place.ips() == ["fd00::1"]
        assert set(place.names.asked) == {("name.test", "AAAA")}

    scene(play, order=("AAAA", "A"))


def test_a_silent_server_ends_the_search_at_once() -> None:
    async def play(place: Place) -> None:
        place.names.fail("name.test", silent=True)
        with pytest.raises(NameNotResolved):
            await place.ips()
        assert place.names.questions("name.test") == 1

    scene(play)


def test_only_names_of_services_are_asked_for_as_such_when_told_so() -> None:
    async def play(place: Place) -> None:
        place.names.say("name.test", "A", "10.0.0.1")
        place.names.say("_http._tcp.name.test", "SRV", "1 1 80 name.test")
        await place.ips()
        assert (await place.resolver.resolve("_http._tcp.name.test")).type == "SRV"
        assert set(place.names.asked) == {("name.test", "A"), ("_http._tcp.name.test", "SRV")}

    scene(play, order=("A", "SRV"), srv_only_for_services=True)


def test_the_lifetime_can_be_set() -> None:
    async def play(place: Place) -> None:
        place.names.say("name.test", "A", "10.0.0.1", ttl=0)
        await place.ips()
        place.now = 4.9
        assert place.resolver.peek("name.test") == Answer("A", (await place.resolver.resolve("name.test")).records, 0)
        assert place.names.asked["name.test", "A"] == 1

    scene(play, valid_ttl=5.0)


def test_an_answer_for_one_use_is_asked_for_each_time() -> None:
    async def play(place: Place) -> None:
        place.names.say("name.test", "A", "10.0.0.1", ttl=0)
        for asked in (1, 2, 3):
            await place.ips()
            assert place.names.asked["name.test", "A"] == asked
            assert place.resolver.peek("name.test") is None

    scene(play)


def test_the_search_list_makes_full_names_of_short_ones() -> None:
    async def play(place: Place) -> None:
        place.names.say("web.two.test", "A", "10.0.0.1")
        assert await place.ips("web") == ["10.0.0.1"]
        assert [name for name, kind in place.names.asked if kind == "A"] == ["web.one.test", "web.two.test"]

    scene(play, search=("one.test", "two.test"), order=("A",))


def test_the_hosts_file_comes_first_and_is_never_looked_up() -> None:
    async def play(place: Place) -> None:
        peeked = place.resolver.peek("Printer")
        assert peeked is not None
        assert [record.value for record in peeked.records] == ["10.9.9.9"]
        place.now = 1e8
        assert await place.ips("printer") == ["10.9.9.9"]
        assert not place.names.asked

    scene(play, hosts={"printer": ("10.9.9.9", "fd00::9")})


def test_services_lead_to_addresses_in_proportion() -> None:
    async def play(place: Place) -> None:
        place.names.say("srv.test", "SRV", "1 3 8001 a.test", "1 1 0 10.0.0.9", "2 100 9 b.test")
        place.names.say("a.test", "A", "10.0.0.1", "10.0.0.2")
        found = [await place.resolver.locate("srv.test") for _ in range(8)]
        assert sorted((each.ip, each.port, each.name) for each in found) == [
            *[("10.0.0.1", 8001, "a.test")] * 3,
            *[("10.0.0.2", 8001, "a.test")] * 3,
            *[("10.0.0.9", 0, "10.0.0.9")] * 2,
        ]

    scene(play)


@pytest.mark.parametrize("kind", ["SRV", "CNAME"])
def test_circles_are_noticed(kind: str) -> None:
    async def play(place: Place) -> None:
        for one, other in (("a.test", "b.test"), ("b.test", "a.test")):
            place.names.say(one, kind, f"1 1 80 {other}" if kind == "SRV" else other)
        with pytest.raises(NameNotResolved, match="recursion detected"):
            await place.resolver.locate("a.test")

    scene(play)


def test_aliases_are_followed_where_the_server_does_not() -> None:
    async def play(place: Place) -> None:
        place.names.say("a.test", "CNAME", "b.test", ttl=7)
        place.names.say("b.test", "CNAME", "c.test", ttl=100)
        place.names.say("c.test", "A", "10.0.0.1", ttl=100)
        answer = await place.resolver.resolve("a.test")
        assert (answer.records[0].value, answer.ttl) == ("10.0.0.1", 7)

    scene(play)


def test_memory_is_bounded_by_the_number_of_names() -> None:
    async def play(place: Place) -> None:
        for number in range(3000):
            name = f"{number}.test".rjust(1000, "a")
            place.names.say(name, "A", "10.0.0.1")
            await place.ips(name)
            place.names.forget(name)
            place.names.asked.clear()
            if number == 1000:
                tracemalloc.start()
        try:
            assert tracemalloc.get_traced_memory()[0] < 1_500_000
        finally:
            tracemalloc.stop()
        assert len(place.resolver._entries) <= 500
        assert place.resolver.peek(name) is not None

    scene(play, size=500, order=("A",))
