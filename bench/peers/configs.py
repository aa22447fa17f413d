"""The peers' configurations: each forwards all to one upstream, keeps connections and sets forwarded fields."""

from __future__ import annotations

BODY = (
    '{"id":12345,"status":"shipped","customer":{"id":987,"name":"Jane Doe"},'
    '"items":[{"sku":"A-1","qty":2},{"sku":"B-2","qty":1}],'
    '"total":129.90,"currency":"EUR","note":"leave at the front door please ok"}'
)
"""What the upstream answers, about 200 bytes."""

UPSTREAM = """
worker_processes 1; daemon off; pid {folder}/upstream.pid; error_log {folder}/upstream.err error;
events {{ worker_connections 2048; }}
http {{
 access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 3600s;
 client_body_buffer_size 64k; client_max_body_size 100m; client_body_temp_path {folder}/upstream_body;
 server {{
  listen 127.0.0.1:{port} reuseport backlog=2048; root {folder}/www;
  location = /big {{ }}
  location / {{
   default_type application/json; add_header X-Request-Id $request_id; add_header Cache-Control "no-cache, private";
   add_header ETag '"33a64df551425fcc"'; add_header Vary "Accept-Encoding"; add_header X-Frame-Options DENY;
   return 200 '{body}';
  }}
 }}
}}
"""

NGINX = """
worker_processes 1; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.err error;
events {{ worker_connections 2048; }}
http {{
 access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s;
 client_max_body_size 100m; client_body_buffer_size 64k;
 client_body_temp_path {folder}/{name}_body; proxy_temp_path {folder}/{name}_temp;
 ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem; ssl_protocols TLSv1.2 TLSv1.3;
 upstream up {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000000; }}
 server {{
  listen 127.0.0.1:{port} backlog=2048; listen 127.0.0.1:{tls_port} ssl backlog=2048;
  location / {{
   proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
   proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
   proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host;
   proxy_set_header X-Forwarded-Port $server_port;
  }}
 }}
}}
"""

HAPROXY = """
global
  nbthread 1
  maxconn 2048
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  option forwardfor
  http-reuse always
frontend f
  bind 127.0.0.1:{port}
  bind 127.0.0.1:{tls_port} ssl crt {folder}/server.pem
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port {port}
  default_backend b
backend b
  server s 127.0.0.1:{upstream} pool-max-conn 64
"""

CADDY = """
{{
  admin off
  auto_https off
}}
(up) {{
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:{upstream} {{
    transport http {{
      keepalive_idle_conns 64
      keepalive_idle_conns_per_host 64
      compression off
    }}
  }}
}}
http://:{port} {{
  import up
}}
https://:{tls_port} {{
  tls {folder}/server.pem {folder}/server.pem
  import up
}}
"""

ENVOY = """
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters: &filters
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: i
          use_remote_address: true
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
          route_config:
            virtual_hosts:
            - name: v
              domains: ["*"]
              routes: [{{match: {{prefix: "/"}}, route: {{cluster: up}}}}]
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {tls_port}}}}}
    filter_chains:
    - filters: *filters
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            tls_certificates:
            - certificate_chain: {{filename: {folder}/server.pem}}
              private_key: {{filename: {folder}/server.pem}}
  clusters:
  - name: up
    type: STATIC
    load_assignment:
      cluster_name: up
      endpoints:
      - lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}}}}}]
"""

GWCTL = """
_format_version: "3.0"
upstreams:
- name: bench.upstream
  targets: [{{target: "127.0.0.1:{upstream}"}}]
services:
- name: bench
  host: bench.upstream
  routes:
  - {{name: orders, paths: [/api/orders], strip_path: false}}
  - {{name: others, paths: [/api/others], methods: [GET], strip_path: false}}
  - {{name: rest, paths: [/], strip_path: false}}
"""
