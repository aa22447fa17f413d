"""The file that ``gwctl config init`` writes."""

from __future__ import annotations

SCHEMA_FILE = "kong.schema.json"
EDITOR_LINE = f"# yaml-language-server: $schema={SCHEMA_FILE}"
"""Tells editors where the JSON Schema of the format is; ``gwctl config schema`` writes it."""

SAMPLE = f"""{EDITOR_LINE}
# The line above lets editors check and complete this file: gwctl config schema > {SCHEMA_FILE}
#
# What the gateway does. Check it with 'gwctl config parse', then use it as the configuration of a node without a
# database (declarative_config, POST /config), import it into a database ('gwctl config db_import'), or bring a running
# control plane to it ('gwctl config diff', 'gwctl config sync').

_format_version: "3.0"

# With false, passwords in this file are stored as they are, because they are hashed already.
_transform: true

# What belongs together may be nested. A name gives an entity the same id wherever this file is loaded.
# Every entity may have a _comment (text) and _ignore (a list of anything).

# services:
# - name: orders
#   url: http://orders.internal:8080/api
#   tags: [shop]
#   routes:
#   - name: orders
#     paths: [/orders]
#     methods: [GET, POST]
#   - name: order-by-number
#     paths: ["~/orders/(?<number>[0-9]+)$"]
#     strip_path: false
#   plugins:
#   - name: rate-limiting
#     config:
#       minute: 60
#       policy: local

# An entity on its own names what it belongs to.
# routes:
# - name: old-orders
#   paths: [/v1/orders]
#   service: orders

# A plugin without service, route and consumer is there for every request.
# plugins:
# - name: correlation-id
#   config:
#     header_name: X-Request-ID

# upstreams:
# - name: orders.internal
#   targets:
#   - target: 10.0.0.1:8080
#   - target: 10.0.0.2:8080
#     weight: 50

# consumers:
# - username: alice
#   keyauth_credentials:
#   - key: a-long-secret
#   acls:
#   - group: customers
"""
