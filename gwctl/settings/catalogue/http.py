"""How requests are read, forwarded and answered."""

from gwctl.settings.declaration import CONFIGURING, SERVING, Alias, Kind, Setting, Status, Topic, ignored

_BUFFERS = "buffers have fixed sizes"
_NO_PLUGINS = "it limits what plugins read, and no plugin is bundled yet"


def _lua_limit(name: str, what: str) -> Setting:
    return Setting(
        name,
        Kind.INTEGER,
        "100",
        f"Most {what} that plugins read.",
        minimum=1,
        maximum=1000,
        status=Status.IGNORED,
        note=_NO_PLUGINS,
    )


_TEMPLATES = (("html", "HTML"), ("json", "JSON"), ("xml", "XML"), ("plain", "plain text"))


def _template(name: str, what: str) -> Setting:
    return Setting(
        f"error_template_{name}",
        Kind.PATH,
        None,
        f"File with the gateway's own {what} errors: the first `%s` stands for the message, the second for the request "
        "id, `%%` for a percent sign. One that cannot be read is an error in the log.",
        roles=SERVING,
    )


HTTP = Topic(
    "Requests and answers",
    (
        Setting(
            "headers",
            Kind.ARRAY,
            "server_tokens, latency_tokens, X-Kong-Request-Id",
            "Headers added to answers: `server_tokens` (Server, Via), `latency_tokens` (the `X-Kong-*-Latency` "
            "ones), single names, or `off` as the first entry.",
        ),
        Setting(
            "headers_upstream",
            Kind.ARRAY,
            "X-Kong-Request-Id",
            "Headers added to requests to upstreams: `X-Kong-Request-Id` or `off`.",
            roles=SERVING,
        ),
        Setting(
            "passive_recovery",
            Kind.NUMBER,
            "0",
            "Seconds after which a target that only passive health checks took out gets one request as a trial, twice "
            "as many after each trial that failed, up to 32 times; 0: it stays out until somebody brings it back.",
            roles=SERVING,
            minimum=0,
        ),
        Setting(
            "nginx_proxy_add_header",
            Kind.STRING,
            None,
            "One more header on answers of the proxy: `name value`, and `always` for error statuses too.",
            roles=SERVING,
        ),
        Setting(
            "trusted_ips",
            Kind.ARRAY,
            None,
            "Addresses, CIDR blocks or `unix:` whose `X-Forwarded-*` and real address headers are believed.",
            roles=SERVING,
        ),
        Setting(
            "real_ip_header",
            Kind.STRING,
            "X-Real-IP",
            "Header that a trusted peer puts the client address in.",
            roles=SERVING,
        ),
        Setting(
            "real_ip_recursive",
            Kind.NGX_BOOLEAN,
            "off",
            "Take the last address that is not trusted itself, not simply the last.",
            roles=SERVING,
        ),
        Setting(
            "error_default_type",
            Kind.ENUM,
            "text/plain",
            "Type of the gateway's own error bodies when the client accepts nothing in particular.",
            roles=SERVING,
            choices=("application/json", "application/xml", "text/html", "text/plain"),
        ),
        *(_template(name, what) for name, what in _TEMPLATES),
        Setting(
            "upstream_keepalive_pool_size",
            Kind.INTEGER,
            "512",
            "Idle connections that a worker keeps per upstream address; 0 keeps none.",
            roles=SERVING,
            minimum=0,
        ),
        Setting(
            "upstream_keepalive_max_requests",
            Kind.INTEGER,
            "10000",
            "Requests after which a connection to an upstream is closed; 0 is no limit.",
            roles=SERVING,
            minimum=0,
        ),
        Setting(
            "upstream_keepalive_idle_timeout",
            Kind.NUMBER,
            "60",
            "Seconds after which an idle connection to an upstream is closed; 0 is never.",
            roles=SERVING,
            minimum=0,
        ),
        Setting(
            "nginx_http_client_max_body_size",
            Kind.SIZE,
            "0",
            "Largest request body that is proxied; 0 is no limit.",
            roles=SERVING,
        ),
        ignored("nginx_http_client_body_buffer_size", Kind.SIZE, "8k", "Buffer of a request body.", _BUFFERS),
        Setting(
            "nginx_admin_client_max_body_size",
            Kind.SIZE,
            "10m",
            "Largest request body of the Admin API; 0 is no limit.",
            roles=CONFIGURING,
        ),
        ignored("nginx_admin_client_body_buffer_size", Kind.SIZE, "10m", "Buffer of an Admin API body.", _BUFFERS),
        ignored("nginx_http_client_header_buffer_size", Kind.SIZE, "1k", "Buffer of a request head.", _BUFFERS),
        ignored("nginx_http_large_client_header_buffers", Kind.STRING, "4 8k", "Buffers of a large head.", _BUFFERS),
        Setting(
            "http_codec",
            Kind.STRING,
            "auto",
            "What reads HTTP/1 heads: `h11`, or `fast`, which reads common ones several times quicker, accepts nothing "
            "that h11 does not and leaves it everything unusual. `auto` is `fast`.",
            roles=SERVING,
            choices=("auto", "h11", "fast"),
        ),
        Setting(
            "nginx_http_keepalive_requests",
            Kind.INTEGER,
            "10000",
            "Requests after which a client connection is closed.",
            roles=SERVING,
            minimum=1,
        ),
        Setting(
            "nginx_http_charset",
            Kind.STRING,
            "UTF-8",
            "Charset added to text types of proxied answers that name none; `off` adds none.",
            roles=SERVING,
        ),
        _lua_limit("lua_max_req_headers", "request headers"),
        _lua_limit("lua_max_resp_headers", "response headers"),
        _lua_limit("lua_max_uri_args", "query arguments"),
        _lua_limit("lua_max_post_args", "form arguments"),
    ),
    (
        Alias("nginx_proxy_real_ip_header", "real_ip_header"),
        Alias("nginx_proxy_real_ip_recursive", "real_ip_recursive"),
    ),
)
