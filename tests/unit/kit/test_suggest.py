from gwctl.kit.suggest import closest


def test_a_typo_finds_its_word() -> None:
    assert closest("proxy_lisen", ["proxy_listen", "admin_listen"]) == "proxy_listen"


def test_a_stranger_finds_nothing() -> None:
    assert closest("zebra", ["proxy_listen", "admin_listen"]) is None
