"""The names of parameters in the reference's documentation (hybrid.md 2.5), with braces and suffixes written out."""

_NAMES = """
prefix log_level proxy_access_log proxy_error_log proxy_stream_access_log proxy_stream_error_log admin_access_log
admin_error_log admin_gui_access_log admin_gui_error_log status_access_log status_error_log plugins vaults port_maps
anonymous_reports proxy_server proxy_server_ssl_verify error_template_html error_template_json error_template_xml
error_template_plain node_id nginx_user nginx_worker_processes nginx_daemon nginx_main_worker_rlimit_nofile
nginx_events_worker_connections mem_cache_size worker_events_max_payload dedicated_config_processing kic openresty_path
lua_package_path lua_package_cpath lua_socket_pool_size pluginserver_names untrusted_lua untrusted_lua_sandbox_requires
untrusted_lua_sandbox_environment wasm wasm_filters wasm_filters_path request_debug request_debug_token
allow_debug_header
proxy_listen stream_listen admin_listen admin_gui_listen admin_gui_url admin_gui_path admin_gui_api_url
admin_gui_csp_header status_listen cluster_listen cluster_telemetry_listen nginx_http_client_max_body_size
nginx_http_client_body_buffer_size nginx_admin_client_max_body_size nginx_admin_client_body_buffer_size
nginx_http_client_header_buffer_size nginx_http_large_client_header_buffers nginx_http_keepalive_requests
nginx_http_charset upstream_keepalive_pool_size upstream_keepalive_max_requests upstream_keepalive_idle_timeout headers
headers_upstream trusted_ips real_ip_header real_ip_recursive error_default_type ssl_cipher_suite ssl_ciphers
ssl_protocols ssl_prefer_server_ciphers ssl_dhparam ssl_session_tickets ssl_session_timeout ssl_session_cache_size
ssl_cert ssl_cert_key admin_ssl_cert admin_ssl_cert_key admin_gui_ssl_cert admin_gui_ssl_cert_key status_ssl_cert
status_ssl_cert_key debug_ssl_cert debug_ssl_cert_key client_ssl client_ssl_cert client_ssl_cert_key
lua_ssl_trusted_certificate lua_ssl_verify_depth lua_ssl_protocols lua_max_req_headers lua_max_resp_headers
lua_max_uri_args lua_max_post_args
role cluster_mtls cluster_cert cluster_cert_key cluster_ca_cert cluster_server_name cluster_control_plane
cluster_max_payload cluster_dp_labels cluster_data_plane_purge_delay cluster_ocsp cluster_use_proxy cluster_rpc
cluster_incremental_sync cluster_rpc_sync cluster_cjson cluster_telemetry_endpoint cluster_telemetry_server_name
cluster_allowed_common_names cluster_fallback_config_import cluster_fallback_config_export
cluster_fallback_config_storage data_plane_config_cache_mode allow_inconsistent_data_plane_plugins
database pg_host pg_port pg_timeout pg_user pg_password pg_database pg_schema pg_ssl pg_ssl_verify
pg_max_concurrent_queries pg_semaphore_timeout pg_keepalive_timeout pg_pool_size pg_backlog
pg_ro_host pg_ro_port pg_ro_timeout pg_ro_user pg_ro_password pg_ro_database pg_ro_schema pg_ro_ssl pg_ro_ssl_verify
pg_ro_max_concurrent_queries pg_ro_semaphore_timeout pg_ro_keepalive_timeout pg_ro_pool_size pg_ro_backlog
declarative_config declarative_config_string lmdb_environment_path lmdb_map_size db_update_frequency
db_update_propagation db_cache_ttl db_cache_neg_ttl db_resurrect_ttl db_cache_warmup_entities worker_consistency
worker_state_update_frequency router_flavor
dns_resolver dns_hostsfile dns_order dns_valid_ttl dns_stale_ttl dns_cache_size dns_not_found_ttl dns_error_ttl
dns_no_sync new_dns_client resolver_address resolver_hosts_file resolver_family resolver_valid_ttl resolver_error_ttl
resolver_stale_ttl resolver_lru_cache_size resolver_mem_cache_size
tracing_instrumentations tracing_sampling_rate vault_env_prefix
nginx_main_user nginx_main_daemon nginx_main_worker_processes nginx_proxy_real_ip_header nginx_proxy_real_ip_recursive
opentelemetry_tracing opentelemetry_tracing_sampling_rate privileged_worker router_consistency
"""

_NAMESPACES = """
nginx_main_ nginx_events_ nginx_http_ nginx_upstream_ nginx_proxy_ nginx_location_ nginx_status_ nginx_admin_
nginx_stream_ nginx_supstream_ nginx_sproxy_ pluginserver_ vault_ nginx_wasm_ vault_aws_ vault_gcp_ vault_hcv_
vault_azure_ vault_conjur_
"""

NAMES = _NAMES.split()
NAMESPACES = _NAMESPACES.split()

DEFAULTS = {
    "log_level": "notice",
    "proxy_listen": "0.0.0.0:8000 reuseport backlog=16384, 0.0.0.0:8443 http2 ssl reuseport backlog=16384",
    "admin_listen": "127.0.0.1:8001 reuseport backlog=16384, 127.0.0.1:8444 http2 ssl reuseport backlog=16384",
    "status_listen": "127.0.0.1:8007 reuseport backlog=16384",
    "cluster_listen": "0.0.0.0:8005",
    "cluster_control_plane": "127.0.0.1:8005",
    "cluster_mtls": "shared",
    "cluster_max_payload": "16777216",
    "cluster_data_plane_purge_delay": "1209600",
    "headers": "server_tokens, latency_tokens, X-Kong-Request-Id",
    "headers_upstream": "X-Kong-Request-Id",
    "real_ip_header": "X-Real-IP",
    "upstream_keepalive_pool_size": "512",
    "upstream_keepalive_max_requests": "10000",
    "upstream_keepalive_idle_timeout": "60",
    "nginx_http_client_max_body_size": "0",
    "nginx_admin_client_max_body_size": "10m",
    "nginx_http_keepalive_requests": "10000",
    "error_default_type": "text/plain",
    "pg_host": "127.0.0.1",
    "pg_port": "5432",
    "pg_timeout": "5000",
    "pg_user": "kong",
    "pg_database": "kong",
    "lmdb_environment_path": "dbless.lmdb",
    "lmdb_map_size": "2048m",
    "router_flavor": "traditional_compatible",
    "role": "traditional",
    "proxy_access_log": "logs/access.log",
    "proxy_error_log": "logs/error.log",
    "admin_access_log": "logs/admin_access.log",
    "status_access_log": "off",
}
