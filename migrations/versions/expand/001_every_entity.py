"""Tables of the entities that the first release lacked, the columns of expression routes, and notices."""

import time
import uuid

import sqlalchemy as sa
from alembic import op

revision = "001_every_entity"
down_revision = "000_base"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    _workspaces()
    _routes()
    _certificates_vaults_and_keys()
    _filter_chains()
    _credentials()
    _oauth2()
    _plugin_data()
    _notices()


def _workspaces() -> None:
    _table(
        "workspaces",
        sa.Column("id", KEY),
        _text("name"),
        _text("comment"),
        _integer("created_at"),
        _integer("updated_at"),
        _json("meta"),
        _json("config"),
        unique=["name"],
    )
    connection = op.get_bind()
    if connection.execute(sa.text("SELECT 1 FROM workspaces WHERE name = 'default'")).first() is None:
        connection.execute(
            sa.text(
                "INSERT INTO workspaces (id, name, created_at, updated_at, meta, config) "
                "VALUES (:id, 'default', :now, :now, '{}', '{}')"
            ),
            {"id": str(uuid.uuid4()), "now": int(time.time())},
        )


def _routes() -> None:
    present = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("routes")}
    for column in (_text("expression"), sa.Column("priority", sa.BigInteger, server_default=sa.text("0"))):
        if column.name not in present:
            op.add_column("routes", column)


def _certificates_vaults_and_keys() -> None:
    _table(
        "ca_certificates",
        sa.Column("id", KEY),
        _text("cert"),
        _text("cert_digest"),
        *_standard(),
        unique=["cert_digest"],
    )
    _table(
        "vaults",
        sa.Column("id", KEY),
        _text("prefix"),
        _text("name"),
        _text("description"),
        _json("config"),
        *_standard(),
        unique=["prefix"],
    )
    _table("key_sets", sa.Column("id", KEY), _text("name"), *_standard(), unique=["name"])
    _table(
        "keys",
        sa.Column("id", KEY),
        sa.Column("set_id", KEY),
        _text("name"),
        _text("kid"),
        _text("jwk"),
        _json("pem"),
        *_standard(),
        unique=["name"],
        parents={"set_id": "key_sets"},
    )
    _unique_together("keys", "kid_set", ["kid", "coalesce(set_id, '')"])


def _filter_chains() -> None:
    _table(
        "filter_chains",
        sa.Column("id", KEY),
        _text("name"),
        _flag("enabled"),
        sa.Column("route_id", KEY),
        sa.Column("service_id", KEY),
        _json("filters"),
        *_standard(),
        unique=["name", "route_id", "service_id"],
        parents={"route_id": "routes", "service_id": "services"},
    )


def _credentials() -> None:
    _credential("keyauth_credentials", _text("key"), _integer("ttl"), unique=["key"])
    _credential("basicauth_credentials", _text("username"), _text("password"), unique=["username"])
    _credential("hmacauth_credentials", _text("username"), _text("secret"), unique=["username"])
    _credential(
        "jwt_secrets", _text("key"), _text("secret"), _text("rsa_public_key"), _text("algorithm"), unique=["key"]
    )
    _credential("acls", _text("group"))
    _unique_together("acls", "consumer_group", ["consumer_id", '"group"'])
    _credential(
        "oauth2_credentials",
        _text("name"),
        _text("client_id"),
        _text("client_secret"),
        _flag("hash_secret"),
        _json("redirect_uris"),
        _text("client_type"),
        unique=["client_id"],
    )


def _oauth2() -> None:
    _table(
        "oauth2_authorization_codes",
        *_grant(),
        _text("code"),
        _text("challenge"),
        _text("challenge_method"),
        sa.Column("plugin_id", KEY),
        unique=["code"],
        parents={"service_id": "services", "credential_id": "oauth2_credentials", "plugin_id": "plugins"},
    )
    _table(
        "oauth2_tokens",
        *_grant(),
        _text("token_type"),
        _integer("expires_in"),
        _text("access_token"),
        _text("refresh_token"),
        _json("tags"),
        unique=["access_token", "refresh_token"],
        parents={"service_id": "services", "credential_id": "oauth2_credentials"},
    )
    for table in ("keyauth_credentials", "oauth2_authorization_codes", "oauth2_tokens"):
        op.create_index(f"{table}_ttl_idx", table, ["ttl"], if_not_exists=True)


def _plugin_data() -> None:
    _table(
        "acme_storage",
        sa.Column("id", KEY),
        _text("key"),
        _text("value"),
        _integer("created_at"),
        _integer("ttl"),
        unique=["key"],
    )
    _table(
        "sessions",
        sa.Column("id", KEY),
        _text("session_id"),
        _integer("expires"),
        _text("data"),
        _integer("created_at"),
        _integer("ttl"),
        unique=["session_id"],
    )
    for table in ("acme_storage", "sessions"):
        op.create_index(f"{table}_ttl_idx", table, ["ttl"], if_not_exists=True)


def _grant() -> list[sa.Column]:
    return [
        sa.Column("id", KEY),
        _integer("created_at"),
        sa.Column("service_id", KEY),
        sa.Column("credential_id", KEY, nullable=False),
        _text("authenticated_userid"),
        _text("scope"),
        _integer("ttl"),
    ]


def _standard() -> list[sa.Column]:
    return [_json("tags"), _integer("created_at"), _integer("updated_at")]


def _credential(name: str, *columns: sa.Column, unique: list[str] | None = None) -> None:
    _table(
        name,
        sa.Column("id", KEY),
        _integer("created_at"),
        sa.Column("consumer_id", KEY, nullable=False),
        _json("tags"),
        *columns,
        unique=unique,
        parents={"consumer_id": "consumers"},
    )


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("about", KEY),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("body", JSON),
        sa.PrimaryKeyConstraint("about", name="notices_pkey"),
        if_not_exists=True,
    )


def _table(
    name: str,
    *columns: sa.Column,
    unique: list[str] | None = None,
    parents: dict[str, str] | None = None,
) -> None:
    constraints: list[sa.Constraint] = [sa.PrimaryKeyConstraint("id", name=f"{name}_pkey")]
    constraints += [sa.UniqueConstraint(column, name=f"{name}_{column}_key") for column in unique or []]
    constraints += [
        sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=f"{name}_{column}_fkey")
        for column, parent in (parents or {}).items()
    ]
    op.create_table(name, *columns, *constraints, if_not_exists=True)
    for column in parents or {}:
        op.create_index(f"{name}_{column}_idx", name, [column], if_not_exists=True)


def _unique_together(table: str, suffix: str, expressions: list[str]) -> None:
    op.create_index(
        f"{table}_{suffix}_key", table, [sa.text(each) for each in expressions], unique=True, if_not_exists=True
    )


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.Text)


def _integer(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger)


def _flag(name: str) -> sa.Column:
    return sa.Column(name, sa.Boolean)


def _json(name: str) -> sa.Column:
    return sa.Column(name, JSON)
