"""Plugins, vaults, tracing, and the reference's runtimes for foreign code."""

from gwctl.settings.declaration import Alias, Kind, Namespace, Setting, Status, Topic, ignored

_NO_LUA = "gwctl runs no Lua"
_NO_WASM = "gwctl runs no WebAssembly"
_NO_TRACING = "tracing is not available yet"
_NO_NGINX = "it is an nginx directive, and gwctl is not built on nginx"
_NO_PLUGIN_SERVER = "gwctl has no external plugin servers"
_NO_VAULT = "the only vault is env"

EXTENSIONS = Topic(
    "Plugins, vaults, tracing",
    (
        Setting(
            "plugins",
            Kind.ARRAY,
            "bundled",
            "Plugins that may be configured: `bundled` and names; `off` in the first place means none.",
        ),
        Setting(
            "missing_plugin",
            Kind.ENUM,
            "refuse",
            "What a node does with requests that need a plugin which it cannot run: `refuse` answers 503, "
            "`warn` serves them without it.",
            choices=("refuse", "warn"),
        ),
        Setting(
            "vaults",
            Kind.ARRAY,
            "bundled",
            "Vaults that `{vault://...}` references of settings may name: `bundled`, `env` or `off`.",
            choices=("bundled", "env", "off"),
        ),
        Setting("vault_env_prefix", Kind.STRING, None, "Put before the name of a reference to the vault `env`."),
        ignored(
            "tracing_instrumentations",
            Kind.ARRAY,
            "off",
            "What is traced.",
            _NO_TRACING,
            choices=(
                "off",
                "request",
                "all",
                "db_query",
                "dns_query",
                "router",
                "http_client",
                "balancer",
                "plugin_rewrite",
                "plugin_access",
                "plugin_header_filter",
            ),
        ),
        Setting(
            "tracing_sampling_rate",
            Kind.NUMBER,
            "0.01",
            "Share of requests traced.",
            minimum=0,
            maximum=1,
            status=Status.IGNORED,
            note=_NO_TRACING,
        ),
        ignored(
            "untrusted_lua",
            Kind.ENUM,
            "sandbox",
            "What Lua from config may do.",
            _NO_LUA,
            choices=("off", "sandbox", "on"),
        ),
        ignored("untrusted_lua_sandbox_requires", Kind.ARRAY, None, "Modules it may load.", _NO_LUA),
        ignored("untrusted_lua_sandbox_environment", Kind.ARRAY, None, "Globals it may use.", _NO_LUA),
        ignored("openresty_path", Kind.PATH, None, "Where OpenResty is.", _NO_NGINX),
        ignored("lua_package_path", Kind.STRING, None, "Search path of Lua modules.", _NO_LUA),
        ignored("lua_package_cpath", Kind.STRING, None, "Search path of compiled Lua modules.", _NO_LUA),
        ignored("lua_socket_pool_size", Kind.NUMBER, "256", "Idle sockets of Lua code.", _NO_LUA),
        ignored("pluginserver_names", Kind.ARRAY, None, "Plugin servers.", _NO_PLUGIN_SERVER),
        ignored("wasm", Kind.BOOLEAN, "off", "WebAssembly filters.", _NO_WASM),
        ignored("wasm_filters", Kind.ARRAY, "bundled,user", "Filters that may be used.", _NO_WASM),
        ignored("wasm_filters_path", Kind.PATH, None, "Where filters are.", _NO_WASM),
    ),
    (
        Alias("opentelemetry_tracing", "tracing_instrumentations", deprecated=True),
        Alias("opentelemetry_tracing_sampling_rate", "tracing_sampling_rate", deprecated=True),
    ),
)

NAMESPACES = (
    *(
        Namespace(f"nginx_{block}_", _NO_NGINX)
        for block in (
            "main",
            "events",
            "http",
            "upstream",
            "proxy",
            "location",
            "status",
            "admin",
            "stream",
            "supstream",
            "sproxy",
        )
    ),
    Namespace("pluginserver_", _NO_PLUGIN_SERVER),
    Namespace("vault_", _NO_VAULT),
    Namespace("nginx_wasm_", _NO_WASM),
)
