"""``/config/apply`` and ``/config/dump`` on every database; `real` has change processes, the others threads in place
of them, because a process takes a second to start."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from gwctl.changes.process import ChangeProcesses
from gwctl.entities import Catalog
from gwctl.settings import Settings
from gwctl.store import DatabaseConfig, Store
from tests.integration.admin.change_threads import ChangeThreads
from tests.integration.admin.conftest import Admin, Serve
from tests.integration.admin.serving import Answer
from tests.tools.waiting import wait_for

DOCUMENT: dict[str, Any] = {
    "_format_version": "3.0",
    "services": [{"name": "one", "host": "one.test", "routes": [{"name": "path", "paths": ["/"]}]}],
    "consumers": [{"username": "c", "hmacauth_credentials": [{"username": "u", "secret": "hidden"}]}],
}
EMPTY = {"_format_version": "3.0"}
JSON = {"Content-Type": "application/json"}


def environ(config: DatabaseConfig) -> dict[str, str]:
    if config.kind == "sqlite":
        return {"GWCTL_DATABASE": "sqlite", "GWCTL_DATABASE_PATH": str(config.path)}
    return {
        "GWCTL_DATABASE": "postgres",
        "GWCTL_PG_HOST": config.host,
        "GWCTL_PG_PORT": str(config.port),
        "GWCTL_PG_USER": config.user,
        "GWCTL_PG_PASSWORD": config.password or "",
        "GWCTL_PG_DATABASE": config.name,
    }


@pytest.fixture
def admin(serve: Serve, bootstrapped: DatabaseConfig, catalog: Catalog) -> Iterator[Admin]:
    with serve(changes=ChangeThreads(bootstrapped, catalog)) as started:
        yield started


@pytest.fixture
def real(serve: Serve, bootstrapped: DatabaseConfig, tmp_path: Path) -> Iterator[Admin]:
    variables = {"GWCTL_PREFIX": str(tmp_path), **environ(bootstrapped)}
    settings = Settings.load(role="control_plane", environ=variables)
    with serve(changes=ChangeProcesses("gwctl.node.changer", settings)) as started:
        yield started


def apply(admin: Admin, document: Any, query: str = "", **headers: str) -> Answer:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return admin.ask("POST", f"/config/apply{query}", data=data, headers={**JSON, **given})


def events(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.data
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.data.splitlines()]


def version(store: Store) -> str:
    now = store.version()
    return f"{now.lineage}:{now.number}"


def test_a_document_is_planned_told_and_applied_as_one_version(real: Admin) -> None:
    before = version(real.store)

    planned, *changes, done = events(apply(real, DOCUMENT))

    counts = {"created": 4, "updated": 0, "deleted": 0}
    assert planned == {"event": "planned", **counts, "total_existing": 0, "version": before}
    told = [(each["op"], each["entity"], each["name"]) for each in changes if each["event"] == "change"]
    assert sorted(told) == sorted(
        [
            ("create", "services", "one"),
            ("create", "consumers", "c"),
            ("create", "routes", "path"),
            ("create", "hmacauth_credentials", "u"),
        ]
    )
    assert changes[-1] == {"event": "progress", "done": 4, "total": 4}
    assert done == {"event": "done", **counts, "version": version(real.store)}
    assert real.store.version().number == int(before.partition(":")[2]) + 1
    assert real.ask("GET", "/services/one/routes").json["data"][0]["name"] == "path"


def test_an_update_tells_its_fields_without_secrets(admin: Admin) -> None:
    events(apply(admin, DOCUMENT))
    text = json.dumps(DOCUMENT).replace("hidden", "other").replace("one.test", "two.test")

    told = [each for each in events(apply(admin, text.encode())) if each["event"] == "change"]

    assert [(each["op"], each["fields"]) for each in told] == [
        ("update", {"host": ["one.test", "two.test"]}),
        ("update", {"secret": ["(sensitive value)", "(sensitive value)"]}),
    ]


def test_changes_may_be_left_out_of_the_answer(admin: Admin) -> None:
    told = [each["event"] for each in events(apply(admin, DOCUMENT, "?changes=0"))]

    assert (told[0], set(told[1:-1]), told[-1]) == ("planned", {"progress"}, "done")


def test_a_dry_run_changes_nothing(admin: Admin) -> None:
    before = version(admin.store)

    told = events(apply(admin, DOCUMENT, "?dry_run=1"))

    assert [each["event"] for each in told] == ["planned", *["change"] * 4, "done"]
    assert told[-1]["version"] == version(admin.store) == before
    assert admin.ask("GET", "/services").json["data"] == []


def test_what_is_left_out_goes_unless_told_otherwise(admin: Admin) -> None:
    events(apply(admin, DOCUMENT))

    kept = events(apply(admin, EMPTY, "?delete=0"))
    gone = events(apply(admin, EMPTY))

    assert [each["event"] for each in kept] == ["planned", "done"]
    assert (gone[0]["deleted"], gone[0]["total_existing"]) == (4, 4)
    assert admin.ask("GET", "/consumers").json["data"] == []


def test_more_deletions_than_allowed_write_nothing(admin: Admin) -> None:
    apply(admin, DOCUMENT)
    told = events(apply(admin, EMPTY, "?most_deletes=3"))

    assert [event["op"] for event in told[1:-1]] == ["delete"] * 4
    assert (told[-1]["event"], told[-1]["status"], told[-1]["error"]["name"]) == ("failed", 409, "too_many_deletions")
    assert events(apply(admin, DOCUMENT, "?most_deletes=0"))[-1]["event"] == "done", "nothing was deleted"
    assert events(apply(admin, EMPTY, "?most_deletes=4"))[-1]["deleted"] == 4
    assert apply(admin, EMPTY, "?most_deletes=-1").status == 400


def test_selected_tags_bound_what_is_compared(admin: Admin) -> None:
    admin.made("/services", {"name": "other", "host": "h"})

    events(apply(admin, DOCUMENT, "?select_tags=mine,yours"))
    (planned, *_) = events(apply(admin, EMPTY, "?select_tags=mine&dry_run=1"))

    assert admin.ask("GET", "/services/one").json["tags"] == ["mine", "yours"]
    assert (planned["deleted"], planned["total_existing"]) == (4, 4)


def test_a_condition_on_the_version(admin: Admin) -> None:
    seen = version(admin.store)
    admin.made("/services", {"name": "meanwhile", "host": "h"})

    refused = apply(admin, DOCUMENT, if_match=f'"{seen}"')
    done = apply(admin, DOCUMENT, if_match=f'"{version(admin.store)}"')

    assert refused.status == 412
    assert seen in refused.json["message"]
    assert events(done)[-1]["event"] == "done"


def test_yaml_and_texts_without_a_type_are_read_too(admin: Admin) -> None:
    text = b"_format_version: '3.0'\nservices:\n- name: one\n  host: one.test\n"
    for content_type in ("application/yaml", "text/yaml", "text/plain"):
        answer = admin.ask("POST", "/config/apply", data=text, headers={"Content-Type": content_type})
        assert events(answer)[-1]["event"] == "done"
    assert admin.ask("GET", "/services/one").json["host"] == "one.test"


def test_a_bad_document_is_refused_with_every_error_and_its_place(admin: Admin) -> None:
    text = b"_format_version: '3.0'\nservices:\n- name: one\n  port: many\nroutes:\n- name: r\n  service: nobody\n"

    answer = admin.ask("POST", "/config/apply", data=text, headers={"Content-Type": "application/yaml"})

    assert answer.status == 400
    assert (answer.json["code"], answer.json["name"]) == (14, "invalid declarative configuration")
    assert answer.json["fields"]["services"][0] == {"host": "required field missing", "port": "expected an integer"}
    assert {(place["path"], place["line"]) for place in answer.json["places"]} >= {("services[0].port", 4)}


@pytest.mark.parametrize(
    ("data", "content_type", "query", "status"),
    [
        (b"{", "application/json", "", 400),
        (b"[]", "application/json", "", 400),
        (b"", "application/json", "", 400),
        (b"\xff\xfe", "application/yaml", "", 400),
        (b"{" * 200_000, "application/yaml", "", 400),
        (b"[" * 200_000, "application/json", "", 400),
        (b"{}", "image/png", "", 415),
        (b"{}", "application/json", "?dry_run=maybe", 400),
        (b"{}", "application/json", "?delete=2", 400),
    ],
)
def test_what_is_no_document_is_refused(admin: Admin, data: bytes, content_type: str, query: str, status: int) -> None:
    answer = admin.ask("POST", f"/config/apply{query}", data=data, headers={"Content-Type": content_type})

    assert answer.status == status, answer.data
    assert answer.json["message"]


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(admin: Admin) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", admin.served.port, timeout=10)
    connection.putrequest("POST", "/config/apply")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(256 * 1024 * 1024 + 1))
    connection.endheaders()
    response = connection.getresponse()
    assert (response.status, json.load(response)) == (413, {"message": "Request body is larger than 256 MiB"})
    connection.close()


def test_a_body_without_a_length_is_counted(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gwctl.admin.endpoints.apply.MOST_BYTES", 1024 * 1024)
    connection = http.client.HTTPConnection("127.0.0.1", admin.served.port, timeout=10)
    with contextlib.suppress(ConnectionError):  # the answer may come, and the connection end, before the last chunk
        connection.request("POST", "/config/apply", iter([b" " * 600_000] * 2), JSON, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_a_plan_that_cannot_be_is_told_as_the_last_event(admin: Admin) -> None:
    admin.made("/services", {"name": "one", "host": "h"})

    (failed,) = events(apply(admin, DOCUMENT, "?select_tags=mine"))

    assert failed["event"] == "failed"
    assert failed["error"]["code"] in (3, 5)
    assert admin.ask("GET", "/consumers").json["data"] == []


def test_two_documents_at_once_are_applied_one_after_the_other(real: Admin) -> None:
    documents = [{**EMPTY, "consumers": [{"username": name}]} for name in ("a", "b")]
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda each=each: answers.append(apply(real, each, "?delete=0"))) for each in documents
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [events(answer)[-1]["event"] for answer in answers] == ["done"] * 2
    assert len(real.ask("GET", "/consumers").json["data"]) == 2


def test_a_killed_change_process_is_told_and_nothing_is_changed(
    real: Admin, bootstrapped: DatabaseConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill() -> None:
        (child,) = wait_for(change_processes, "the change process runs")
        os.kill(child.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()

    answer = apply(real, DOCUMENT)
    killer.join()

    assert answer.status == 503
    assert "ended unexpectedly (signal 9)" in answer.json["message"]
    assert real.ask("GET", "/services").json["data"] == []
    assert events(apply(real, DOCUMENT))[-1]["event"] == "done"


def test_a_client_that_leaves_ends_the_change_process(real: Admin) -> None:
    consumers = [{"username": f"consumer-{number}", "tags": ["a" * 100]} for number in range(3000)]
    data = json.dumps({**EMPTY, "consumers": consumers}).encode()
    connection = http.client.HTTPConnection("127.0.0.1", real.served.port, timeout=10)
    connection.request("POST", "/config/apply", data, JSON)
    wait_for(change_processes, "the change process runs")
    connection.close()

    wait_for(lambda: not change_processes(), "it has ended")
    with real.store.read() as reads:
        assert reads.bulk().count(["consumers"]) in (0, 3000)
    assert events(apply(real, DOCUMENT))[-1]["event"] == "done"


def test_a_client_that_leaves_before_the_answer_ends_the_change_process(real: Admin) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", real.served.port, timeout=10)
    connection.request("POST", "/config/apply", json.dumps(DOCUMENT).encode(), JSON)
    (slow,) = wait_for(change_processes, "the change process runs")
    slow.suspend()
    connection.close()

    wait_for(lambda: not change_processes(), "it has ended", deadline=5)
    assert events(apply(real, DOCUMENT))[-1]["event"] == "done", "it is the next one's turn"


def change_processes() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and "gwctl.node.changer" in child.cmdline()
    ]


def test_a_database_that_is_away_is_an_error_that_says_so(serve: Serve, tmp_path: Path) -> None:
    variables = {"GWCTL_PREFIX": str(tmp_path), "GWCTL_DATABASE": "postgres", "GWCTL_PG_PORT": "1"}
    settings = Settings.load(role="control_plane", environ=variables)
    with serve(changes=ChangeProcesses("gwctl.node.changer", settings)) as admin:
        answer = apply(admin, DOCUMENT)

    (failed,) = events(answer)
    assert "nothing was changed" in failed["error"]["message"]


def test_a_node_without_a_database_refuses(serve: Serve) -> None:
    with serve() as admin:
        applied, dumped = apply(admin, DOCUMENT), admin.ask("GET", "/config/dump")

    assert (applied.status, applied.json["code"]) == (405, 12)
    assert (dumped.status, dumped.json["code"]) == (405, 12)


def test_a_dump_is_everything_at_one_version(admin: Admin) -> None:
    events(apply(admin, DOCUMENT))

    head, *records, end = events(admin.ask("GET", "/config/dump"))

    assert head == {"version": version(admin.store)}
    assert end == {"event": "end"}
    with admin.store.read() as reads:
        assert [each["record"] for each in records if each["entity"] == "services"] == [reads.get("services", "one")]
    kinds = [each["entity"] for each in records]
    assert {"services", "routes", "consumers", "hmacauth_credentials", "parameters"} <= set(kinds)
    assert kinds.index("services") < kinds.index("routes")


def test_a_dump_of_selected_tags(admin: Admin) -> None:
    admin.made("/services", {"name": "other", "host": "h", "tags": ["x"]})
    events(apply(admin, DOCUMENT, "?select_tags=mine"))

    _, *records, _ = events(admin.ask("GET", "/config/dump?select_tags=mine"))

    kinds = {each["entity"] for each in records}
    assert (len(records), kinds) == (4, {"services", "consumers", "routes", "hmacauth_credentials"})
