from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.settings.conftest import Load

Problems = Callable[..., list[str]]


@pytest.mark.parametrize(("text", "value"), [("on", True), ("true", True), ("off", False), ("false", False)])
def test_booleans(load: Load, text: str, value: bool) -> None:
    assert load({"KONG_PG_SSL": text}).flag("pg_ssl") is value
    assert load({"KONG_REAL_IP_RECURSIVE": text}).text("real_ip_recursive") == ("on" if value else "off")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("pg_ssl", "yes", "pg_ssl is not a boolean: 'yes'"),
        ("real_ip_recursive", "1", "real_ip_recursive is not a ngx_boolean: '1'"),
        ("pg_port", "abc", "pg_port is not a number: 'abc'"),
        ("pg_port", "0x10", "pg_port is not a number: '0x10'"),
        ("pg_port", "1e999", "pg_port is not a number: '1e999'"),
        ("pg_port", "65536", "pg_port must be an integer between 0 and 65535"),
        ("pg_port", "1.5", "pg_port must be an integer between 0 and 65535"),
        ("upstream_keepalive_pool_size", "-1", "upstream_keepalive_pool_size must be 0 or greater"),
        ("upstream_keepalive_idle_timeout", "-0.5", "upstream_keepalive_idle_timeout must be 0 or greater"),
        ("worker_state_update_frequency", "0", "worker_state_update_frequency must be greater than 0"),
        ("cluster_heartbeat_interval", "0", "cluster_heartbeat_interval must be greater than 0"),
        ("cluster_data_plane_purge_delay", "59", "cluster_data_plane_purge_delay must be 60 or greater"),
        ("cluster_max_payload", "4194303", "cluster_max_payload must be 4194304 (4MB) or greater"),
        ("lua_max_uri_args", "1001", "lua_max_uri_args must be an integer between 1 and 1000"),
        ("tracing_sampling_rate", "1.1", "tracing_sampling_rate must be between 0 and 1"),
        ("workers", "0", "workers must be an integer between 1 and 1024"),
        ("workers", "many", "workers is not a number: 'many'"),
        ("lmdb_map_size", "2 GB", "lmdb_map_size is not a size: '2 GB'"),
        ("role", "foo", "role has an invalid value: 'foo' (data_plane, control_plane, traditional)"),
        ("untrusted_lua", "x", "untrusted_lua has an invalid value: 'x' (off, sandbox, on)"),
        ("database", "cassandra", "Cassandra as a datastore is not supported since version 3.4"),
        ("vaults", "env,aws", "vaults has an invalid value: 'aws' (bundled, env, off)"),
        ("admin_listen", "8001", "admin_listen must be of form: [off] | <ip>:<port> [<flags>], [... next entry ...]"),
        ("admin_listen", "0.0.0.0:80 proxy_protocol", "admin_listen: proxy_protocol is read on proxy_listen only"),
        ("node_id", "abc", "node_id must be a valid UUID"),
        ("headers", "server_tokens, nope", "headers: invalid entry 'nope'"),
        ("headers_upstream", "Via", "headers_upstream: invalid entry 'Via'"),
        ("nginx_proxy_add_header", "alone", "nginx_proxy_add_header is not a header"),
        ("port_maps", "80", "invalid port mapping (`port_maps`): 80"),
        ("port_maps", "80:0", "invalid port mapping (`port_maps`): 80:0"),
        (
            "trusted_ips",
            "10.0.0.0/8, 300.0.0.1",
            "trusted_ips must be a comma separated list in the form of IPv4 or IPv6 address or CIDR block or "
            "'unix:', got '300.0.0.1'",
        ),
        ("proxy_server", "example", "proxy_server missing scheme"),
        ("proxy_server", "ftp://h", 'proxy_server only supports "http" and "https", got ftp'),
        ("proxy_server", "http://", "proxy_server missing host"),
        (
            "proxy_server",
            "http://h:1/?a=b",
            "fragments, query strings or parameters are meaningless in proxy configuration",
        ),
        ("proxy_server", "http://[::1", "proxy_server is not a URL"),
        ("pg_password", "a\nb", "pg_password must not contain line breaks"),
        ("pg_password", "a\udcff", "pg_password is not UTF-8 text (environment KONG_PG_PASSWORD)"),
        ("ssl_cert", "/a", "ssl_cert_key must be specified"),
        ("ssl_cert_key", "/a", "ssl_cert must be specified"),
    ],
)
def test_values_that_do_not_fit(problems: Problems, name: str, text: str, problem: str) -> None:
    assert problems({f"KONG_{name.upper()}": text}) == [problem]


def test_a_prefix_that_is_no_text(problems: Problems) -> None:
    assert problems({"KONG_PREFIX": "/p\udcff"})[0] == "prefix is not UTF-8 text (environment KONG_PREFIX)"


def test_all_problems_are_found_at_once(problems: Problems) -> None:
    found = problems({"KONG_LOG_LEVEL": "loud", "KONG_PG_PORT": "x", "KONG_NODE_ID": "y"})
    assert len(found) == 3


@pytest.mark.parametrize(("text", "size"), [("0", 0), ("512", 512), ("8k", 8192), ("10M", 10 << 20), ("1g", 1 << 30)])
def test_sizes(load: Load, text: str, size: int) -> None:
    assert load({"KONG_NGINX_HTTP_CLIENT_MAX_BODY_SIZE": text}).size("nginx_http_client_max_body_size") == size


def test_arrays_are_trimmed(load: Load) -> None:
    settings = load({"KONG_TRUSTED_IPS": " 10.0.0.0/8 , ::1,unix:"})
    assert settings.words("trusted_ips") == ("10.0.0.0/8", "::1", "unix:")
    assert load({"KONG_TRUSTED_IPS": "10.0.0.1"}).words("trusted_ips") == ("10.0.0.1",)


def test_control_planes(load: Load, problems: Problems) -> None:
    settings = load({"KONG_CLUSTER_CONTROL_PLANE": "cp1:8005, [::1]:9, 10.0.0.1:1"}, role="data_plane")
    assert [(endpoint.host, endpoint.port) for endpoint in settings.control_planes] == [
        ("cp1", 8005),
        ("::1", 9),
        ("10.0.0.1", 1),
    ]
    assert [str(endpoint) for endpoint in settings.control_planes] == ["cp1:8005", "[::1]:9", "10.0.0.1:1"]
    for wrong in ("cp1", "cp1:0", "wss://cp1:8005", "[::1"):
        assert problems({"KONG_CLUSTER_CONTROL_PLANE": wrong}, role="data_plane") == [
            f"cluster_control_plane must be host:port, or several separated by commas, got '{wrong}'"
        ]


def test_port_maps_are_looked_up_by_the_local_port(load: Load) -> None:
    assert load({"KONG_PORT_MAPS": "80:8000, 443:8443"}).port_maps == {8000: 80, 8443: 443}


def test_workers(load: Load) -> None:
    assert load().integer("workers") is None
    assert load({"GWCTL_WORKERS": "7"}).integer("workers") == 7


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("server_tokens", {"Server", "Via"}),
        (
            "latency_tokens",
            {"X-Kong-Proxy-Latency", "X-Kong-Upstream-Latency", "X-Kong-Response-Latency", "X-Kong-Admin-Latency"},
        ),
        ("via, X-KONG-Upstream-Status", {"Via", "X-Kong-Upstream-Status"}),
        ("off", set()),
        ("off, via", set()),
        ("via, off", {"Via"}),
    ],
)
def test_response_headers(load: Load, text: str, on: set[str]) -> None:
    assert load({"KONG_HEADERS": text}).response_headers == on


def test_upstream_headers(load: Load) -> None:
    assert load().upstream_headers == {"X-Kong-Request-Id"}
    assert load({"KONG_HEADERS_UPSTREAM": "off"}).upstream_headers == frozenset()


def test_accessors_refuse_other_kinds_and_unknown_names(load: Load) -> None:
    settings = load()
    with pytest.raises(TypeError):
        settings.integer("log_level")
    with pytest.raises(TypeError):
        settings.listeners("headers")
    with pytest.raises(KeyError):
        settings.text("nonsense")


def test_logs_are_seen_from_the_prefix(load: Load) -> None:
    settings = load({"KONG_PROXY_ACCESS_LOG": "/dev/stdout", "KONG_ADMIN_ACCESS_LOG": "off", "KONG_PREFIX": "/p"})
    assert str(settings.path("proxy_access_log")) == "/dev/stdout"
    assert settings.path("admin_access_log") is None
    assert str(settings.path("proxy_error_log")) == "/p/logs/error.log"
    assert str(settings.path("proxy_stream_access_log")) == "/p/logs/access.log"
    assert str(settings.path("lmdb_environment_path")) == "/p/dbless.lmdb"
