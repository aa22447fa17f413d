from __future__ import annotations

import asyncio

from gwctl.cluster.outbox import Outbox


def drain(outbox: Outbox) -> list[bytes | None]:
    async def take() -> list[bytes | None]:
        outbox.end()
        taken: list[bytes | None] = []
        while (data := await outbox.get()) is not None:
            taken.append(data)
        return taken

    return asyncio.run(take())


def test_messages_without_a_slot_keep_their_order() -> None:
    outbox = Outbox()
    for data in (b"1", b"2", b"3"):
        outbox.put(data)
    assert drain(outbox) == [b"1", b"2", b"3"]


def test_of_messages_in_one_slot_the_newest_waits() -> None:
    outbox = Outbox()
    outbox.put(b"welcome")
    for number in range(100):
        outbox.put(b"changed %d" % number, "changed")
        outbox.put(b"heartbeat %d" % number, "heartbeat")
    assert len(outbox) == 3
    assert drain(outbox) == [b"welcome", b"changed 99", b"heartbeat 99"]


def test_a_new_answer_forgets_the_one_before_with_what_follows_it() -> None:
    outbox = Outbox()
    for answer in range(3):
        outbox.put(b"begin %d" % answer, "answer")
        outbox.put(b"chunk %d" % answer, "answer", follows=True)
    assert drain(outbox) == [b"begin 2", b"chunk 2"]


def test_nothing_comes_after_the_end() -> None:
    outbox = Outbox()
    outbox.end()
    outbox.put(b"late")
    assert drain(outbox) == []
