"""The writers' queue is fair."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from gwctl.store.queue import WriterQueue
from tests.tools.waiting import wait_for


def _waiting(queue: WriterQueue) -> int:
    return len(queue._waiting)


def test_turns_come_in_the_order_of_arrival() -> None:
    queue = WriterQueue()
    order: list[int] = []

    def work(number: int) -> None:
        assert queue.acquire(30)
        order.append(number)
        queue.release()

    assert queue.acquire(0)
    with ThreadPoolExecutor(20) as pool:
        futures = []
        for number in range(20):
            futures.append(pool.submit(work, number))
            wait_for(lambda expected=number + 1: _waiting(queue) == expected, "the writer waits")  # type: ignore[misc]
        queue.release()
        for future in futures:
            future.result(30)
    assert order == list(range(20))


def test_who_gave_up_is_skipped() -> None:
    queue = WriterQueue()
    assert queue.acquire(0)
    assert not queue.acquire(0.01)
    assert _waiting(queue) == 0
    queue.release()
    assert queue.acquire(0)
    queue.release()


def test_one_at_a_time() -> None:
    queue = WriterQueue()
    inside, most = 0, 0
    mutex = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(200):
            assert queue.acquire(30)
            with mutex:
                inside += 1
                most = max(most, inside)
            with mutex:
                inside -= 1
            queue.release()

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(work) for _ in range(8)]:
            future.result(30)
    assert most == 1
