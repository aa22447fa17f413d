"""Rules of rows: what is transformed, what ends by itself, what other rows forbid."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from gwctl.changes import import_
from gwctl.declarative import load
from gwctl.schema import EntityError, RecordDict
from gwctl.store import Store
from tests.tools.pem import AUTHORITY, certificate, expired_authority, key_pair
from tests.tools.stores import ManualClock

DAY = 86400


def write(store: Store, verb: str, *words: Any) -> Any:
    with store.write() as unit:
        return getattr(unit, verb)(*words)


def insert(store: Store, entity: str, **values: Any) -> RecordDict:
    made: RecordDict = write(store, "insert", entity, values)
    return made


def refusal(store: Store, verb: str, *words: Any) -> EntityError:
    with pytest.raises(EntityError) as caught:
        write(store, verb, *words)
    return caught.value


def read(store: Store, entity: str, key: str) -> RecordDict | None:
    with store.read() as reads:
        return reads.get(entity, key)


def listed(store: Store, entity: str) -> list[RecordDict]:
    with store.read() as reads:
        return reads.page(entity).data


@pytest.fixture
def consumer(store: Store) -> RecordDict:
    return {"id": insert(store, "consumers", username="bob")["id"]}


def sha1(password: str, consumer: RecordDict) -> str:
    return hashlib.sha1(f"{password}{consumer['id']}".encode(), usedforsecurity=False).hexdigest()


def test_a_password_is_kept_as_the_hash_with_its_consumer(store: Store, consumer: RecordDict) -> None:
    made = insert(store, "basicauth_credentials", username="bob", password="kong", consumer=consumer)
    assert made["password"] == sha1("kong", consumer)
    assert read(store, "basicauth_credentials", "bob") == made

    renamed = write(store, "update", "basicauth_credentials", "bob", {"username": "robert"})
    assert renamed["password"] == made["password"]
    changed = write(store, "update", "basicauth_credentials", "robert", {"password": "other"})
    assert changed["password"] == sha1("other", consumer)
    replaced = write(
        store, "upsert", "basicauth_credentials", made["id"], {"username": "r", "password": "x", "consumer": consumer}
    )
    assert replaced["password"] == sha1("x", consumer)


def test_a_password_without_a_consumer_and_the_other_way_round(store: Store, consumer: RecordDict) -> None:
    text = "all or none of these fields must be set: 'password', 'consumer.id'"
    missing = refusal(store, "insert", "basicauth_credentials", {"username": "u", "consumer": consumer})
    assert missing.fields == {"@entity": [text], "password": "required field missing"}
    alone = refusal(store, "insert", "basicauth_credentials", {"username": "u", "password": "p"})
    assert alone.fields == {"@entity": [text], "consumer": "required field missing"}


def test_client_secrets_are_hashed_when_asked(store: Store, consumer: RecordDict) -> None:
    values = {"name": "app", "client_id": "c", "client_secret": "secret", "consumer": consumer}
    plain = insert(store, "oauth2_credentials", **values)
    assert plain["client_secret"] == "secret"
    assert (plain["hash_secret"], plain["client_type"]) == (False, "confidential")
    hashed = write(store, "update", "oauth2_credentials", "c", {"hash_secret": True})["client_secret"]
    parts = re.fullmatch(r"\$pbkdf2-sha512\$i=10000,l=32\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)", hashed)
    assert parts is not None
    salt, digest = (base64.b64decode(part + "=" * (-len(part) % 4)) for part in parts.groups())
    assert hashlib.pbkdf2_hmac("sha512", b"secret", salt, 10000, 32) == digest
    again = write(store, "update", "oauth2_credentials", "c", {"hash_secret": True, "name": "x"})
    assert again["client_secret"] == hashed
    other = write(store, "update", "oauth2_credentials", "c", {"client_secret": "new"})["client_secret"]
    assert other.startswith("$pbkdf2-sha512$")
    assert other != hashed


def test_keys_and_secrets_are_made_when_nobody_gives_them(store: Store, consumer: RecordDict) -> None:
    for entity, fields in (
        ("keyauth_credentials", ("key",)),
        ("jwt_secrets", ("key", "secret")),
        ("oauth2_credentials", ("client_id", "client_secret")),
    ):
        made = insert(store, entity, consumer=consumer, **({"name": "n"} if entity.startswith("oauth2") else {}))
        for field in fields:
            assert re.fullmatch(r"[A-Za-z0-9]{32}", made[field])
    assert insert(store, "hmacauth_credentials", consumer=consumer, username="u")["secret"]


def test_the_digest_of_an_authority_is_computed(store: Store) -> None:
    made = insert(store, "ca_certificates", cert=AUTHORITY, cert_digest="lie")
    der = base64.b64decode("".join(AUTHORITY.strip().splitlines()[1:-1]))
    assert made["cert_digest"] == hashlib.sha256(der).hexdigest()
    twice = refusal(store, "insert", "ca_certificates", {"cert": AUTHORITY})
    assert (twice.number, twice.status, twice.fields) == (5, 409, {"cert_digest": made["cert_digest"]})
    assert (
        write(store, "update", "ca_certificates", made["id"], {"cert_digest": "x"})["cert_digest"]
        == (made["cert_digest"])
    )
    moved = write(store, "update", "ca_certificates", made["id"], {"cert": certificate("other")})
    assert moved["cert_digest"] != made["cert_digest"]


@pytest.mark.parametrize("verb", ["insert", "update", "upsert"])
def test_certificates_that_are_no_authority(store: Store, clock: ManualClock, verb: str) -> None:
    made = insert(store, "ca_certificates", cert=AUTHORITY)
    words = ("ca_certificates",) if verb == "insert" else ("ca_certificates", made["id"])
    for cert, text in (
        (AUTHORITY + certificate(), "please submit only one certificate at a time"),
        (expired_authority(), 'certificate expired, "Not After" time is in the past'),
        (
            certificate(ca=False),
            'certificate does not appear to be a CA because it is missing the "CA" basic constraint',
        ),
    ):
        refused = refusal(store, verb, *words, {"cert": cert})
        assert (refused.number, refused.message) == (2, f"schema violation ({text})")
    assert refusal(store, "insert", "ca_certificates", {}).message == "schema violation (cert: required field missing)"
    assert read(store, "ca_certificates", made["id"]) == made
    clock.time += 5
    assert write(store, "update", "ca_certificates", made["id"], {"tags": ["a"]})["updated_at"] > made["updated_at"]


def test_an_authority_that_is_named_stays(store: Store) -> None:
    authority, other = (insert(store, "ca_certificates", cert=certificate(name))["id"] for name in "ab")
    service = insert(
        store, "services", host="h", protocol="https", ca_certificates=[other, authority], tags=[authority]
    )
    plugin = insert(store, "plugins", name="p", config={"ca_certificates": [authority], "x": other})
    refused = refusal(store, "delete", "ca_certificates", authority)
    assert (refused.number, refused.name, refused.status, refused.fields) == (19, "referenced by others", 400, None)
    assert refused.message == (f"ca certificate {authority} is still referenced by services (id = {service['id']})")
    write(store, "delete", "services", service["id"])
    refused = refusal(store, "delete", "ca_certificates", authority)
    assert refused.message == f"ca certificate {authority} is still referenced by plugins (id = {plugin['id']})"
    assert write(store, "delete", "ca_certificates", other) is True
    write(store, "delete", "plugins", plugin["id"])
    assert write(store, "delete", "ca_certificates", authority) is True


def test_plugins_share_a_protocol_with_what_they_are_for(store: Store) -> None:
    service = {"id": insert(store, "services", host="h")["id"]}
    http = {"id": insert(store, "routes", paths=["/"], protocols=["http"], service=service)["id"]}
    only_grpc = {"protocols": ["grpc"], "name": "p"}
    refused = refusal(store, "insert", "plugins", {**only_grpc, "route": http})
    assert refused.message == "schema violation (protocols: must match the associated route's protocols)"
    refused = refusal(store, "insert", "plugins", {**only_grpc, "service": service})
    assert refused.message == (
        "schema violation (protocols: must match the protocols of at least one route pointing to this Plugin's service)"
    )
    plugin = insert(store, "plugins", name="p", protocols=["http", "grpc"], route=http)
    assert refusal(store, "update", "plugins", plugin["id"], {"protocols": ["grpc"]}).number == 2
    insert(store, "routes", hosts=["a"], protocols=["grpc"], service=service)
    insert(store, "plugins", **only_grpc, service=service)
    lonely = {"id": insert(store, "services", host="h")["id"]}
    insert(store, "plugins", **only_grpc, service=lonely)


def key(store: Store, consumer: RecordDict, text: str, **values: Any) -> RecordDict:
    return insert(store, "keyauth_credentials", consumer=consumer, key=text, **values)


def test_a_record_with_a_ttl_ends(store: Store, clock: ManualClock, consumer: RecordDict) -> None:
    forever = key(store, consumer, "forever")
    short = key(store, consumer, "short", ttl=10, tags=["t"])
    assert (forever["ttl"], short["ttl"]) == (None, int(clock.now()) + 10)
    schema = store._catalog["keyauth_credentials"]
    clock.time += 4
    assert schema.shown(short, now=clock.now())["ttl"] in (5, 6)
    assert read(store, "keyauth_credentials", "short") == short
    clock.time += 6
    assert read(store, "keyauth_credentials", "short") is None
    assert read(store, "keyauth_credentials", short["id"]) is None
    assert listed(store, "keyauth_credentials") == [forever]
    with store.read() as reads:
        assert reads.find("keyauth_credentials", "key", "short") is None
        assert reads.page("keyauth_credentials", tags="t").data == []
    assert refusal(store, "update", "keyauth_credentials", "short", {"tags": []}).number == 6
    assert write(store, "delete", "keyauth_credentials", "short") is False


def test_what_has_ended_makes_room_for_the_same_key(store: Store, clock: ManualClock, consumer: RecordDict) -> None:
    first = key(store, consumer, "k", ttl=1)
    assert refusal(store, "insert", "keyauth_credentials", {"consumer": consumer, "key": "k"}).number == 5
    clock.time += 2
    again = key(store, consumer, "k")
    assert again["id"] != first["id"]
    assert listed(store, "keyauth_credentials") == [again]


def test_the_ends_of_records_are_changes_like_any_other(store: Store, clock: ManualClock, consumer: RecordDict) -> None:
    ending = [key(store, consumer, f"k{number}", ttl=number, tags=["t"]) for number in (1, 2, 50)]
    before = store.version()
    assert store.purge_ended() == 0
    assert store.version() == before
    clock.time += 3
    assert store.purge_ended() == 2
    batch = store.changes_after(before.number)
    assert batch is not None
    assert [(change.entity, change.key, change.record) for change in batch.changes] == [
        ("keyauth_credentials", each["id"], None) for each in ending[:2]
    ]
    with store.read() as reads:
        assert [row["entity_id"] for row in reads.page("tags").data] == [ending[2]["id"]]
    assert store.purge_ended() == 0


def test_a_ttl_may_be_changed_and_taken_away(store: Store, clock: ManualClock, consumer: RecordDict) -> None:
    made = key(store, consumer, "k", ttl=10)
    longer = write(store, "update", "keyauth_credentials", "k", {"ttl": 100})
    assert longer["ttl"] == made["ttl"] + 90
    assert write(store, "update", "keyauth_credentials", "k", {"tags": ["a"]})["ttl"] == longer["ttl"]
    assert write(store, "update", "keyauth_credentials", "k", {"ttl": None})["ttl"] is None
    assert write(store, "update", "keyauth_credentials", "k", {"ttl": 0})["ttl"] is None
    replaced = write(store, "upsert", "keyauth_credentials", made["id"], {"consumer": consumer, "key": "k", "ttl": 5})
    assert replaced["ttl"] == int(clock.now()) + 5
    assert write(store, "upsert", "keyauth_credentials", made["id"], {"consumer": consumer})["ttl"] is None


@pytest.mark.parametrize("ttl", [-1, 100_000_001, 1.5, "5", True, []])
def test_ttls_out_of_range(store: Store, consumer: RecordDict, ttl: Any) -> None:
    refused = refusal(store, "insert", "keyauth_credentials", {"consumer": consumer, "ttl": ttl})
    assert (refused.number, refused.name, refused.status) == (11, "invalid options", 400)
    assert refused.message == "invalid option (ttl: must be an integer between 0 and 100000000)"
    assert refused.options == {"ttl": "must be an integer between 0 and 100000000"}


def test_entities_without_an_end_know_no_ttl(store: Store, consumer: RecordDict) -> None:
    refused = refusal(store, "insert", "acls", {"consumer": consumer, "group": "g", "ttl": 5})
    assert refused.fields == {"ttl": "unknown field"}


def test_credentials_go_with_their_consumer(store: Store, consumer: RecordDict) -> None:
    key(store, consumer, "k")
    insert(store, "acls", consumer=consumer, group="g")
    application = insert(store, "oauth2_credentials", consumer=consumer, name="n")
    token = insert(store, "oauth2_tokens", credential={"id": application["id"]}, expires_in=5)
    code = insert(store, "oauth2_authorization_codes", credential={"id": application["id"]})
    assert (token["token_type"], len(token["access_token"]), len(code["code"])) == ("bearer", 32, 32)
    assert write(store, "delete", "consumers", "bob") is True
    for entity in ("keyauth_credentials", "acls", "oauth2_credentials", "oauth2_tokens", "oauth2_authorization_codes"):
        assert listed(store, entity) == []


def test_unique_values_of_credentials_and_keys(store: Store, consumer: RecordDict) -> None:
    insert(store, "acls", consumer=consumer, group="g")
    refused = refusal(store, "insert", "acls", {"consumer": consumer, "group": "g"})
    assert (refused.number, refused.fields) == (5, {"consumer": consumer, "group": "g"})
    key(store, consumer, "k")
    assert refusal(store, "insert", "keyauth_credentials", {"consumer": consumer, "key": "k"}).fields == {"key": "k"}
    private, public = key_pair()
    keys = {"kid": "1", "pem": {"public_key": public, "private_key": private}}
    group = {"id": insert(store, "key_sets", name="s")["id"]}
    insert(store, "keys", **keys)
    insert(store, "keys", **keys, set=group)
    assert refusal(store, "insert", "keys", keys).fields == {"kid": "1", "set": None}
    assert refusal(store, "insert", "keys", {**keys, "set": {"name": "s"}}).fields == {"kid": "1", "set": group}
    assert write(store, "delete", "key_sets", "s") is True
    assert [each["set"] for each in listed(store, "keys")] == [None]


def test_the_default_workspace_and_the_name_of_the_cluster_are_there(store: Store) -> None:
    (workspace,) = listed(store, "workspaces")
    assert (workspace["name"], workspace["config"], workspace["meta"]) == ("default", {}, {})
    assert isinstance(workspace["created_at"], int)
    assert read(store, "workspaces", "default") == workspace
    cluster = read(store, "parameters", "cluster_id")
    assert cluster is not None
    assert cluster["value"] != workspace["id"]


def test_every_tagged_entity_is_found_by_its_tags(store: Store, consumer: RecordDict) -> None:
    group = insert(store, "acls", consumer=consumer, group="g", tags=["a", "b"])
    vault = insert(store, "vaults", prefix="my-env", name="env", tags=["b"])
    with store.read() as reads:
        assert reads.page("acls", tags="a,b").data == [group]
        assert reads.page("vaults", tags="a/b").data == [vault]
        assert sorted((row["entity_name"], row["tag"]) for row in reads.page("tags").data) == [
            ("acls", "a"),
            ("acls", "b"),
            ("vaults", "b"),
        ]


def test_the_password_of_a_document_is_hashed_once_with_the_row_of_its_consumer(
    store: Store, consumer: RecordDict
) -> None:
    """The document derives another id for the consumer than the row has."""
    text = """
_format_version: "3.0"
consumers:
- username: bob
  basicauth_credentials:
  - {username: u, password: p}
"""
    for _ in range(2):
        import_(store, load(text, catalog=store.catalog, now=5.0, hashed=False), now=5.0)
        (found,) = listed(store, "basicauth_credentials")
        assert found["password"] == sha1("p", consumer)
    plain = load(text.replace('"3.0"', '"3.0"\n_transform: false'), catalog=store.catalog, now=5.0, hashed=False)
    import_(store, plain, now=5.0)
    assert listed(store, "basicauth_credentials")[0]["password"] == "p"
