from __future__ import annotations

from gwctl.node.respawn import LONGEST_DELAY, STABLE_SECONDS, Respawn


def test_the_first_successor_comes_at_once_and_a_crash_loop_slows_down_to_thirty_seconds() -> None:
    respawn = Respawn()
    delays = [respawn.delay(0.0) for _ in range(8)]
    assert delays == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert delays[-1] == LONGEST_DELAY


def test_a_process_that_served_for_a_while_ends_the_loop() -> None:
    respawn = Respawn()
    for _ in range(5):
        respawn.delay(0.0)
    assert respawn.delay(STABLE_SECONDS) == 0.0
    assert respawn.delay(0.0) == 1.0
