"""Where the config is stored, and how it is kept in memory."""

from gwctl.settings.declaration import (
    CONFIGURING,
    DATA_PLANE,
    SERVING,
    TRADITIONAL,
    Alias,
    Kind,
    Setting,
    Status,
    Topic,
    ignored,
)

_POOL = "pg_pool_size bounds what a process asks of the database"
_REPLICA = "read replicas are not available yet"
_NO_CACHE = "workers hold the config itself; there is no cache with lifetimes"
_NO_POLLING = "changes arrive when they happen; nothing is polled"


def _replica(name: str, kind: Kind, help: str, secret: bool = False) -> Setting:
    return ignored(f"pg_ro_{name}", kind, None, help, _REPLICA, secret=secret)


DATABASE = Topic(
    "Database",
    (
        Setting(
            "database",
            Kind.ENUM,
            "sqlite",
            "Where a control plane or a traditional node stores the config; a data plane has none.",
            default_by_role={DATA_PLANE: "off"},
            choices=("postgres", "sqlite", "off"),
        ),
        Setting(
            "database_path",
            Kind.PATH,
            None,
            "File of the embedded database. Unset: `gwctl.db` in the prefix when that is set, else in `GWCTL_HOME`.",
            roles=CONFIGURING,
        ),
        Setting("pg_host", Kind.STRING, "127.0.0.1", "Host of PostgreSQL.", roles=CONFIGURING),
        Setting("pg_port", Kind.INTEGER, "5432", "Port of PostgreSQL.", roles=CONFIGURING, minimum=0, maximum=65535),
        Setting(
            "pg_timeout",
            Kind.INTEGER,
            "5000",
            "Milliseconds until connecting, a statement or waiting for a lock fails.",
            roles=CONFIGURING,
            minimum=1,
        ),
        Setting("pg_user", Kind.STRING, "kong", "User at PostgreSQL.", roles=CONFIGURING),
        Setting("pg_password", Kind.STRING, None, "Password of `pg_user`.", roles=CONFIGURING, secret=True),
        Setting("pg_database", Kind.STRING, "kong", "Database at PostgreSQL.", roles=CONFIGURING),
        Setting(
            "pg_schema", Kind.STRING, None, "Schema in that database. Unset: the user's default.", roles=CONFIGURING
        ),
        Setting("pg_ssl", Kind.BOOLEAN, "off", "Speak TLS with PostgreSQL.", roles=CONFIGURING),
        Setting("pg_ssl_verify", Kind.BOOLEAN, "off", "Verify the certificate of PostgreSQL.", roles=CONFIGURING),
        Setting(
            "pg_pool_size",
            Kind.INTEGER,
            "8",
            "Most connections that one process opens.",
            roles=CONFIGURING,
            minimum=1,
        ),
        Setting(
            "pg_max_concurrent_queries",
            Kind.INTEGER,
            "0",
            "Most queries at a time.",
            minimum=0,
            bounds_text="must be an integer greater than 0",
            status=Status.IGNORED,
            note=_POOL,
        ),
        ignored("pg_semaphore_timeout", Kind.NUMBER, "60000", "Milliseconds that a query waits for its turn.", _POOL),
        ignored("pg_keepalive_timeout", Kind.NUMBER, None, "Milliseconds that an idle connection lives.", _POOL),
        ignored("pg_backlog", Kind.NUMBER, None, "Requests that may wait for a connection.", _POOL),
        _replica("host", Kind.STRING, "Host of a read replica."),
        _replica("port", Kind.NUMBER, "Port of a read replica."),
        _replica("timeout", Kind.NUMBER, "Milliseconds until connecting to it fails."),
        _replica("user", Kind.STRING, "User at the replica."),
        _replica("password", Kind.STRING, "Password of `pg_ro_user`.", secret=True),
        _replica("database", Kind.STRING, "Database at the replica."),
        _replica("schema", Kind.STRING, "Schema at the replica."),
        _replica("ssl", Kind.BOOLEAN, "TLS with the replica."),
        _replica("ssl_verify", Kind.BOOLEAN, "Verify the certificate of the replica."),
        _replica("max_concurrent_queries", Kind.NUMBER, "Most queries at a time."),
        _replica("semaphore_timeout", Kind.NUMBER, "Milliseconds that a query waits for its turn."),
        _replica("keepalive_timeout", Kind.NUMBER, "Milliseconds that an idle connection lives."),
        _replica("pool_size", Kind.NUMBER, "Connections per process."),
        _replica("backlog", Kind.NUMBER, "Requests that may wait for a connection."),
        Setting(
            "declarative_config",
            Kind.PATH,
            None,
            "File with the config (YAML or JSON) of a node with `database = off`: read at each start and reload. "
            "On a data plane it only fills an empty cache.",
            roles=SERVING,
            flag="--config",
        ),
        Setting(
            "declarative_config_string",
            Kind.STRING,
            None,
            "The config itself, where `declarative_config` is not set.",
            roles=SERVING,
            secret=True,
        ),
        Setting(
            "declarative_config_watch",
            Kind.BOOLEAN,
            "off",
            "Read `declarative_config` again whenever the file changes; a broken one leaves the config as it was.",
            roles=(TRADITIONAL,),
        ),
        Setting(
            "lmdb_environment_path",
            Kind.PATH,
            "dbless.lmdb",
            "Directory of the cache that workers serve from. A reload cannot change it.",
            roles=SERVING,
        ),
        Setting(
            "lmdb_map_size",
            Kind.SIZE,
            "2048m",
            "Address space that a cache reserves, not disk. A config that needs more makes it grow, except with "
            "`database = off`, where such a config is refused.",
        ),
        ignored("mem_cache_size", Kind.SIZE, "128m", "Size of the entity cache.", _NO_CACHE),
        ignored("db_update_frequency", Kind.NUMBER, "5", "Seconds between two looks at the database.", _NO_POLLING),
        ignored("db_update_propagation", Kind.NUMBER, "0", "Seconds that replicas may lag.", _NO_POLLING),
        ignored("db_cache_ttl", Kind.NUMBER, "0", "Life of a cached record.", _NO_CACHE),
        ignored("db_cache_neg_ttl", Kind.NUMBER, None, "Life of a cached absence.", _NO_CACHE),
        ignored("db_resurrect_ttl", Kind.NUMBER, "30", "Extra life of a record when the database is down.", _NO_CACHE),
        ignored("db_cache_warmup_entities", Kind.ARRAY, "services", "Entities loaded at start.", _NO_CACHE),
        Setting(
            "worker_consistency",
            Kind.ENUM,
            "eventual",
            "Whether a request may wait for the router to be built; it never does here.",
            choices=("strict", "eventual"),
            status=Status.IGNORED,
            note="a worker serves one version until the next is complete",
            deprecated_values=("strict",),
        ),
        Setting(
            "worker_state_update_frequency",
            Kind.NUMBER,
            "5",
            "Seconds between two checks for a new router.",
            above=0,
            status=Status.IGNORED,
            note=_NO_POLLING,
        ),
        Setting(
            "router_flavor",
            Kind.ENUM,
            "traditional_compatible",
            "How routes are matched.",
            choices=("traditional", "traditional_compatible", "expressions"),
        ),
    ),
    (Alias("router_consistency", "worker_consistency", deprecated=True),),
)
