"""All tables of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "000_base"
down_revision = None
branch_labels = ("expand",)
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    _log()
    _entities_without_parents()
    _services_and_routes()
    _upstreams_and_targets()
    _plugins()


def _log() -> None:
    _table(
        "lineage",
        sa.Column("singleton", sa.Integer, autoincrement=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        key=["singleton"],
    )
    _table(
        "versions",
        sa.Column("number", sa.BigInteger, autoincrement=False),
        sa.Column("changeset", KEY, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("committed_at", sa.Double, nullable=False),
        key=["number"],
    )
    _table(
        "changes",
        sa.Column("changeset", KEY),
        sa.Column("position", sa.Integer, autoincrement=False),
        sa.Column("entity", sa.Text, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("record", JSON),
        key=["changeset", "position"],
    )
    _table(
        "tags",
        sa.Column("entity_id", KEY),
        sa.Column("ord", sa.Integer, autoincrement=False),
        sa.Column("entity_name", KEY),
        sa.Column("tag", KEY, nullable=False),
        key=["entity_id", "ord", "entity_name"],
    )
    op.create_index("tags_tag_idx", "tags", ["tag", "entity_name"], if_not_exists=True)
    _table(
        "locks",
        sa.Column("key", KEY),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("ttl", sa.Double, nullable=False),
        sa.Column("guarded", sa.Boolean, nullable=False, server_default=sa.false()),
        key=["key"],
    )


def _entities_without_parents() -> None:
    _table(
        "parameters",
        sa.Column("key", KEY),
        _text("value"),
        _seconds("created_at"),
        key=["key"],
    )
    _table(
        "consumers",
        sa.Column("id", KEY),
        _text("username"),
        _text("custom_id"),
        _json("tags"),
        _seconds("created_at"),
        _seconds("updated_at"),
        unique=["username", "custom_id"],
    )
    _table(
        "certificates",
        sa.Column("id", KEY),
        _text("cert"),
        _text("key"),
        _text("cert_alt"),
        _text("key_alt"),
        _json("tags"),
        _seconds("created_at"),
        _seconds("updated_at"),
    )
    _table(
        "snis",
        sa.Column("id", KEY),
        _text("name"),
        sa.Column("certificate_id", KEY, nullable=False),
        _json("tags"),
        _seconds("created_at"),
        _seconds("updated_at"),
        unique=["name"],
        parents={"certificate_id": "certificates"},
    )
    _table(
        "clustering_data_planes",
        sa.Column("id", KEY),
        _integer("last_seen"),
        _seconds("updated_at"),
        _text("config_hash"),
        _text("hostname"),
        _text("ip"),
        _text("version"),
        _text("sync_status"),
        _json("labels"),
        _json("cert_details"),
        _json("rpc_capabilities"),
        _seconds("ttl"),
        _text("gwctl_version"),
        _integer("applied_version"),
        _json("last_error"),
    )


def _services_and_routes() -> None:
    _table(
        "services",
        sa.Column("id", KEY),
        _text("name"),
        _integer("retries"),
        _text("protocol"),
        _text("host"),
        _integer("port"),
        _text("path"),
        _integer("connect_timeout"),
        _integer("write_timeout"),
        _integer("read_timeout"),
        _json("tags"),
        sa.Column("client_certificate_id", KEY),
        _flag("tls_verify"),
        _integer("tls_verify_depth"),
        _json("ca_certificates"),
        _flag("enabled"),
        _seconds("created_at"),
        _seconds("updated_at"),
        unique=["name"],
        parents={"client_certificate_id": "certificates"},
    )
    _table(
        "routes",
        sa.Column("id", KEY),
        _text("name"),
        _json("protocols"),
        _json("methods"),
        _json("hosts"),
        _json("paths"),
        _json("headers"),
        _json("snis"),
        _json("sources"),
        _json("destinations"),
        _integer("https_redirect_status_code"),
        _integer("regex_priority"),
        _flag("strip_path"),
        _text("path_handling"),
        _flag("preserve_host"),
        _flag("request_buffering"),
        _flag("response_buffering"),
        _json("tags"),
        sa.Column("service_id", KEY),
        _seconds("created_at"),
        _seconds("updated_at"),
        unique=["name"],
        parents={"service_id": "services"},
    )


def _upstreams_and_targets() -> None:
    _table(
        "upstreams",
        sa.Column("id", KEY),
        _text("name"),
        _text("algorithm"),
        _text("hash_on"),
        _text("hash_fallback"),
        _text("hash_on_header"),
        _text("hash_fallback_header"),
        _text("hash_on_cookie"),
        _text("hash_on_cookie_path"),
        _text("hash_on_query_arg"),
        _text("hash_fallback_query_arg"),
        _text("hash_on_uri_capture"),
        _text("hash_fallback_uri_capture"),
        _integer("slots"),
        _json("healthchecks"),
        _json("tags"),
        _text("host_header"),
        sa.Column("client_certificate_id", KEY),
        _flag("use_srv_name"),
        _seconds("created_at"),
        _seconds("updated_at"),
        unique=["name"],
        parents={"client_certificate_id": "certificates"},
    )
    _table(
        "targets",
        sa.Column("id", KEY),
        _text("target"),
        _integer("weight"),
        _json("tags"),
        sa.Column("upstream_id", KEY, nullable=False),
        sa.Column("created_at", sa.Double),
        sa.Column("updated_at", sa.Double),
        parents={"upstream_id": "upstreams"},
    )
    _unique_together("targets", "upstream_target", ["upstream_id", "target"])


def _plugins() -> None:
    _table(
        "plugins",
        sa.Column("id", KEY),
        _text("name"),
        _text("instance_name"),
        sa.Column("consumer_id", KEY),
        sa.Column("route_id", KEY),
        sa.Column("service_id", KEY),
        _flag("enabled"),
        _json("protocols"),
        _json("tags"),
        _json("config"),
        _seconds("created_at"),
        _seconds("updated_at"),
        unique=["instance_name"],
        parents={"consumer_id": "consumers", "route_id": "routes", "service_id": "services"},
    )
    scope = [f"coalesce({parent}_id, '')" for parent in ("service", "route", "consumer")]
    _unique_together("plugins", "name_service_route_consumer", ["name", *scope])


def _table(
    name: str,
    *columns: sa.Column,
    key: list[str] | None = None,
    unique: list[str] | None = None,
    parents: dict[str, str] | None = None,
) -> None:
    constraints: list[sa.Constraint] = [sa.PrimaryKeyConstraint(*(key or ["id"]), name=f"{name}_pkey")]
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


def _seconds(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger)


def _flag(name: str) -> sa.Column:
    return sa.Column(name, sa.Boolean)


def _json(name: str) -> sa.Column:
    return sa.Column(name, JSON)
