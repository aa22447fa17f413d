"""``hybrid gen_cert`` (hybrid.md 3.4, acceptance C40)."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from gwctl.certs import CertificateError, load_pair, write_shared_pair
from gwctl.certs.generate import parse_days

NOW = 1_800_000_000.0


def refusal(*arguments: object, **more: object) -> str:
    with pytest.raises(CertificateError) as caught:
        write_shared_pair(*arguments, now=NOW, **more)  # type: ignore[arg-type]
    return str(caught.value)


def test_the_default_files(tmp_path: Path) -> None:
    written = write_shared_pair(None, None, now=NOW, cwd=tmp_path)
    cert, key = tmp_path / "cluster.crt", tmp_path / "cluster.key"
    assert written.message == (
        f"Successfully generated certificate/key pairs, they have been written to: '{cert}' and '{key}'."
    )
    assert cert.read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert (cert.stat().st_mode & 0o7777, key.stat().st_mode & 0o7777) == (0o644, 0o600)
    pair = load_pair(str(cert), str(key))
    assert (pair.not_before, pair.not_after) == (NOW, NOW + 1095 * 86400)


def test_modes_do_not_follow_the_umask(tmp_path: Path) -> None:
    for mask in (0o000, 0o077):
        before = os.umask(mask)
        try:
            written = write_shared_pair(f"c{mask}", f"k{mask}", now=NOW, cwd=tmp_path)
        finally:
            os.umask(before)
        assert (written.cert.stat().st_mode & 0o777, written.key.stat().st_mode & 0o777) == (0o644, 0o600)


@pytest.mark.parametrize("days", [1, "2", 36500])
def test_days(tmp_path: Path, days: int | str) -> None:
    written = write_shared_pair("c", "k", now=NOW, days=days, cwd=tmp_path)
    pair = load_pair(str(written.cert), str(written.key))
    assert pair.not_after - pair.not_before == int(days) * 86400


@pytest.mark.parametrize("days", [0, -1, 36501, "1.5", "x", "", "1e3", "٣", "9" * 5000, "+5"])
def test_days_that_cannot_be(tmp_path: Path, days: int | str) -> None:
    message = refusal(None, None, days=days, cwd=tmp_path)
    assert message == f"days must be a whole number between 1 and 36500, got '{days}'"
    assert list(tmp_path.iterdir()) == []


def test_days_are_trimmed() -> None:
    assert parse_days(" 7 ") == 7


@pytest.mark.parametrize(("cert", "key"), [("c", None), (None, "k")])
def test_one_path_only(tmp_path: Path, cert: str | None, key: str | None) -> None:
    assert refusal(cert, key, cwd=tmp_path) == "both cert and key path needs to be provided"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["cluster.crt", "cluster.key"])
@pytest.mark.parametrize("dangling", [False, True])
def test_nothing_is_overwritten_and_nothing_written(tmp_path: Path, name: str, dangling: bool) -> None:
    present = tmp_path / name
    if dangling:
        present.symlink_to(tmp_path / "elsewhere")
    else:
        present.write_text("mine")
    assert refusal(None, None, cwd=tmp_path) == f"{present} already exists.\nWill not overwrite it."
    assert [path.name for path in tmp_path.iterdir()] == [name]
    if not dangling:
        assert present.read_text() == "mine"


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run is quicker between the look and the writing."""
    from gwctl.certs import generate

    def issue_and_interfere(days: int, now: float) -> tuple[bytes, bytes]:
        (tmp_path / "cluster.crt").write_text("theirs")
        return b"cert", b"key"

    monkeypatch.setattr(generate, "issue_shared_pair", issue_and_interfere)
    assert "already exists" in refusal(None, None, cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["cluster.crt"]
    assert (tmp_path / "cluster.crt").read_text() == "theirs"


def test_of_many_runs_at_once_exactly_one_wins(tmp_path: Path) -> None:
    results: list[str] = []
    gate = threading.Barrier(4)

    def run() -> None:
        gate.wait()
        try:
            write_shared_pair(None, None, now=time.time(), cwd=tmp_path)
            results.append("written")
        except CertificateError:
            results.append("refused")

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused", "refused", "refused", "written"]
    load_pair(str(tmp_path / "cluster.crt"), str(tmp_path / "cluster.key"))


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "no" / "k"
    assert refusal(str(tmp_path / "c"), str(missing)) == f"cannot write {missing}: No such file or directory"
    assert refusal(str(missing), str(tmp_path / "k")) == f"cannot write {missing}: No such file or directory"
    assert list(tmp_path.iterdir()) == []


def test_one_file_for_both(tmp_path: Path) -> None:
    assert refusal("x", "./x", cwd=tmp_path) == f"certificate and key cannot both be {tmp_path / 'x'}"
