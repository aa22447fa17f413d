"""The node as a set of processes: role, places, workers."""

from gwctl.settings.declaration import CONTROL_PLANE, DATA_PLANE, TRADITIONAL, Alias, Kind, Setting, Topic, ignored

_LIMITS = "open files and connections follow the limits of the operating system"

PROCESS = Topic(
    "Process",
    (
        Setting(
            "role",
            Kind.ENUM,
            TRADITIONAL,
            "What the node is: everything in one, the control plane or a data plane of a cluster.",
            choices=(DATA_PLANE, CONTROL_PLANE, TRADITIONAL),
        ),
        Setting(
            "prefix",
            Kind.PATH,
            None,
            "Working directory of the node: pid file, logs, sockets, cache. "
            "Unset: a directory per role in `GWCTL_HOME`.",
            flag="-p",
        ),
        Setting(
            "log_level",
            Kind.ENUM,
            "notice",
            "Least level that goes to the error log.",
            choices=("debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"),
        ),
        Setting(
            "node_id",
            Kind.STRING,
            None,
            "UUID of the node. Unset: a data plane keeps a random one beside its cache, others make one per start.",
        ),
        Setting(
            "workers",
            Kind.COUNT_OR_AUTO,
            "auto",
            "Processes that proxy requests; `auto` is one per CPU that the node may use.",
            minimum=1,
            maximum=1024,
            flag="--workers",
        ),
        Setting(
            "daemon",
            Kind.BOOLEAN,
            "on",
            "Whether `gwctl start` goes to the background once the node is ready; `cp start` and "
            "`dp start` do with `--daemon`.",
        ),
        Setting(
            "shutdown_timeout",
            Kind.NUMBER,
            "10",
            "Seconds that requests in flight get to finish when a node or a worker stops gracefully.",
            minimum=0,
        ),
        Setting(
            "port_maps",
            Kind.ARRAY,
            None,
            "`published:local` pairs of ports, for `X-Forwarded-Port` behind a port mapping.",
        ),
        ignored(
            "nginx_main_user",
            Kind.STRING,
            None,
            "User that worker processes run as.",
            "a node runs as the user that starts it",
        ),
        ignored(
            "nginx_main_worker_rlimit_nofile",
            Kind.STRING,
            "auto",
            "Open files per worker.",
            _LIMITS,
        ),
        ignored("nginx_events_worker_connections", Kind.STRING, "auto", "Connections per worker.", _LIMITS),
        ignored(
            "worker_events_max_payload",
            Kind.NUMBER,
            "65535",
            "Most bytes of a message between workers.",
            "messages between processes carry versions, never payloads",
        ),
        ignored(
            "dedicated_config_processing",
            Kind.BOOLEAN,
            "on",
            "A process of its own for the cluster link of a data plane.",
            "a data plane always has an agent process for this",
        ),
        ignored("anonymous_reports", Kind.BOOLEAN, "off", "Usage reports.", "gwctl reports nothing to anybody"),
        ignored("kic", Kind.BOOLEAN, "off", "The node is managed by an ingress controller.", "it has no meaning here"),
        ignored(
            "request_debug",
            Kind.BOOLEAN,
            "off",
            "Timing output for requests with `X-Kong-Request-Debug`.",
            "request debugging is not available yet",
        ),
        ignored(
            "request_debug_token",
            Kind.STRING,
            None,
            "Token that permits request debugging from elsewhere.",
            "request debugging is not available yet",
            secret=True,
        ),
        Setting(
            "allow_debug_header",
            Kind.BOOLEAN,
            "off",
            "To a request with `Kong-Debug: 1` the answer names the route and the service that it matched.",
        ),
    ),
    (
        Alias("nginx_user", "nginx_main_user"),
        Alias("nginx_worker_processes", "workers"),
        Alias("nginx_main_worker_processes", "workers"),
        Alias("nginx_daemon", "daemon"),
        Alias("nginx_main_daemon", "daemon"),
        Alias("privileged_worker", "dedicated_config_processing", deprecated=True),
    ),
)
