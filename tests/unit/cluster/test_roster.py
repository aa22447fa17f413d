from __future__ import annotations

from gwctl.cluster.protocol import PROBE_TIMEOUT
from gwctl.cluster.roster import Ask, Grant, Refuse, Replace, Roster


def probed() -> tuple[Roster[str], str]:
    roster: Roster[str] = Roster()
    assert roster.claim("id", "old", 0.0) == [Grant("old")]
    [ask] = roster.claim("id", "new", 1.0)
    assert isinstance(ask, Ask)
    assert ask.link == "old"
    return roster, ask.nonce


def test_different_ids_do_not_meet() -> None:
    roster: Roster[str] = Roster()
    assert roster.claim("a", "one", 0.0) == [Grant("one")]
    assert roster.claim("b", "two", 0.0) == [Grant("two")]
    assert len(roster) == 2


def test_a_living_holder_keeps_its_id() -> None:
    roster, nonce = probed()
    assert roster.answered("id", "old", nonce) == [Refuse("new", "old")]
    assert roster.tick(100.0) == []
    assert roster.claim("id", "third", 5.0) != [Grant("third")]


def test_silence_gives_the_id_to_the_newcomer() -> None:
    roster, nonce = probed()
    assert roster.tick(1.0 + PROBE_TIMEOUT - 0.01) == []
    assert roster.tick(1.0 + PROBE_TIMEOUT) == [Replace("old"), Grant("new")]
    assert roster.answered("id", "old", nonce) == []
    assert roster.left("id", "old") == []
    assert len(roster) == 1


def test_only_the_right_answer_of_the_holder_counts() -> None:
    roster, nonce = probed()
    assert roster.answered("id", "old", "guess") == []
    assert roster.answered("id", "new", nonce) == []
    assert roster.answered("other", "old", nonce) == []


def test_a_holder_that_leaves_makes_room_at_once() -> None:
    roster, _ = probed()
    assert roster.left("id", "old") == [Grant("new")]
    assert roster.tick(100.0) == []


def test_a_newcomer_that_leaves_changes_nothing() -> None:
    roster, nonce = probed()
    assert roster.left("id", "new") == []
    assert roster.answered("id", "old", nonce) == []
    assert roster.tick(100.0) == []
    assert roster.left("id", "old") == []
    assert roster.claim("id", "next", 9.0) == [Grant("next")]


def test_a_third_link_is_refused_while_the_first_is_probed() -> None:
    roster, _ = probed()
    assert roster.claim("id", "third", 1.1) == [Refuse("third", "old")]
    assert roster.tick(3.0) == [Replace("old"), Grant("new")]
