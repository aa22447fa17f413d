import subprocess
import sys

import pytest

from gwctl.entities import Catalog, core_catalog
from gwctl.schema import Entity, Reference, fields


def test_parents_come_before_their_children():
    catalog = core_catalog()
    place = {name: position for position, name in enumerate(catalog.names)}
    for schema in catalog:
        for foreign in schema.foreign.values():
            assert place[foreign.reference] < place[schema.name]


def test_the_core_entities_and_what_a_data_plane_needs():
    catalog = core_catalog()
    assert set(catalog.names) == {
        "services", "routes", "consumers", "plugins", "certificates", "snis", "upstreams", "targets", "tags",
        "parameters", "clustering_data_planes", "ca_certificates", "vaults", "key_sets", "keys", "filter_chains",
        "workspaces", "keyauth_credentials", "basicauth_credentials", "hmacauth_credentials", "jwt_secrets", "acls",
        "oauth2_credentials", "oauth2_authorization_codes", "oauth2_tokens", "acme_storage", "sessions",
        "ratelimiting_metrics",
    }  # fmt: skip
    assert set(catalog.names) - {schema.name for schema in catalog.exported} == {
        "tags", "clustering_data_planes", "workspaces", "oauth2_authorization_codes", "sessions",
        "ratelimiting_metrics", "filter_chains",
    }  # fmt: skip
    assert {schema.name for schema in catalog if not schema.dumped} == {
        "workspaces", "oauth2_authorization_codes", "sessions", "ratelimiting_metrics",
        "clustering_data_planes", "tags",
    }  # fmt: skip
    assert "services" in catalog
    assert "nothing" not in catalog
    assert len(catalog) == 28


def test_children():
    catalog = core_catalog()
    found = {(schema.name, field) for schema, field in catalog.children("services")}
    assert found == {
        ("routes", "service"),
        ("plugins", "service"),
        ("filter_chains", "service"),
        ("oauth2_tokens", "service"),
        ("oauth2_authorization_codes", "service"),
    }
    assert {(schema.name, field) for schema, field in catalog.children("certificates")} == {
        ("snis", "certificate"),
        ("services", "client_certificate"),
        ("upstreams", "client_certificate"),
    }
    assert catalog.children("routes")[0][0] is catalog["plugins"]


@pytest.mark.parametrize(
    ("child", "field", "on_delete", "required"),
    [
        ("routes", "service", "restrict", False),
        ("services", "client_certificate", "restrict", False),
        ("upstreams", "client_certificate", "restrict", False),
        ("snis", "certificate", "restrict", True),
        ("targets", "upstream", "cascade", True),
        ("plugins", "service", "cascade", False),
        ("plugins", "route", "cascade", False),
        ("plugins", "consumer", "cascade", False),
        ("keys", "set", "cascade", False),
        ("filter_chains", "service", "cascade", False),
        ("filter_chains", "route", "cascade", False),
        ("keyauth_credentials", "consumer", "cascade", True),
        ("basicauth_credentials", "consumer", "cascade", True),
        ("hmacauth_credentials", "consumer", "cascade", True),
        ("jwt_secrets", "consumer", "cascade", True),
        ("acls", "consumer", "cascade", True),
        ("oauth2_credentials", "consumer", "cascade", True),
        ("oauth2_tokens", "credential", "cascade", True),
        ("oauth2_tokens", "service", "cascade", False),
        ("oauth2_authorization_codes", "credential", "cascade", True),
        ("oauth2_authorization_codes", "service", "cascade", False),
        ("oauth2_authorization_codes", "plugin", "cascade", False),
    ],
)
def test_what_deleting_a_parent_does(child, field, on_delete, required):
    foreign = core_catalog()[child].foreign[field]
    assert (foreign.on_delete, foreign.required) == (on_delete, required)


@pytest.mark.parametrize(
    ("entity", "unique", "endpoint_key"),
    [
        ("services", (("name",),), "name"),
        ("routes", (("name",),), "name"),
        ("consumers", (("username",), ("custom_id",)), "username"),
        ("plugins", (("instance_name",), ("name", "service", "route", "consumer")), "instance_name"),
        ("upstreams", (("name",),), "name"),
        ("targets", (("upstream", "target"),), "target"),
        ("certificates", (), None),
        ("snis", (("name",),), "name"),
        ("ca_certificates", (("cert_digest",),), None),
        ("vaults", (("prefix",),), "prefix"),
        ("keys", (("name",), ("kid", "set")), "name"),
        ("key_sets", (("name",),), "name"),
        ("workspaces", (("name",),), "name"),
        ("filter_chains", (("name",), ("route",), ("service",)), "name"),
        ("keyauth_credentials", (("key",),), "key"),
        ("basicauth_credentials", (("username",),), "username"),
        ("hmacauth_credentials", (("username",),), "username"),
        ("jwt_secrets", (("key",),), "key"),
        ("acls", (("consumer", "group"),), None),
        ("oauth2_credentials", (("client_id",),), "client_id"),
        ("oauth2_tokens", (("access_token",), ("refresh_token",)), "access_token"),
        ("acme_storage", (("key",),), None),
        ("sessions", (("session_id",),), "session_id"),
    ],
)
def test_keys(entity, unique, endpoint_key):
    schema = core_catalog()[entity]
    assert (schema.unique, schema.endpoint_key) == (unique, endpoint_key)


@pytest.mark.parametrize(
    ("entity", "path", "nested"),
    [
        ("key_sets", "key-sets", "key-sets"),
        ("keyauth_credentials", "key-auths", "key-auth"),
        ("basicauth_credentials", "basic-auths", "basic-auth"),
        ("hmacauth_credentials", "hmac-auths", "hmac-auth"),
        ("jwt_secrets", "jwts", "jwt"),
        ("acls", "acls", "acls"),
        ("oauth2_credentials", "oauth2", "oauth2"),
        ("oauth2_tokens", "oauth2_tokens", "oauth2_tokens"),
        ("filter_chains", "filter-chains", "filter-chains"),
    ],
)
def test_paths(entity, path, nested):
    schema = core_catalog()[entity]
    assert (schema.path, schema.nested_path) == (path, nested)


def test_records_of_some_entities_end_by_themselves():
    assert {schema.name for schema in core_catalog() if schema.ttl} == {
        "keyauth_credentials", "oauth2_authorization_codes", "oauth2_tokens", "acme_storage", "sessions",
    }  # fmt: skip


def test_targets_are_only_reached_through_their_upstream():
    assert [schema.name for schema in core_catalog() if schema.admin and not schema.top_level] == ["targets"]


def test_circles_and_unknown_parents_are_refused():
    class One(Entity, name="ones"):
        id: str = fields.string()
        other: Reference | None = fields.foreign("twos")

    class Two(Entity, name="twos"):
        id: str = fields.string()
        other: Reference | None = fields.foreign("ones")

    for classes in ((One,), (One, Two)):
        with pytest.raises(ValueError, match="circle or to an unknown entity"):
            Catalog(classes)


def test_importing_and_compiling_the_entities_loads_no_cryptography_and_no_re2():
    code = (
        "import sys; from gwctl.entities import core_catalog; c = core_catalog();"
        "s = c['services']; s.check(s.prepare_insert({'url': 'http://a.test:80/x'}, now=1));"
        "r = c['routes']; r.check(r.prepare_insert({'paths': ['/x']}, now=1));"
        "found = {name.partition('.')[0] for name in sys.modules} & {'cryptography', 're2', 'sqlalchemy', 'lmdb'};"
        "sys.exit(str(found) if found else 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert found.stderr == ""
    assert found.returncode == 0
