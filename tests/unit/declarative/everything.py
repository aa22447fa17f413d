"""A document with a record of every kind that a file may hold (no filter of a filter chain is ever installed)."""

from __future__ import annotations

from typing import Any

from tests.tools.pem import AUTHORITY, key_pair
from tests.unit.declarative.conftest import certificate_pair

JWK = '{"kid": "k1", "kty": "oct", "k": "c2VjcmV0"}'


def everything() -> dict[str, Any]:
    cert, key = certificate_pair()
    private, public = key_pair()
    return {
        "_format_version": "3.0",
        "_comment": "all of it",
        "services": [
            {
                "name": "orders",
                "url": "https://orders.test/api",
                "tags": ["shop", "spaced tag"],
                "routes": [
                    {
                        "name": "by-number",
                        "paths": ["~/orders/(?<n>[0-9]+)$", "/o"],
                        "headers": {"x-a": ["1", "on"]},
                        "plugins": [{"name": "key-auth"}, {"name": "cors", "instance_name": "on"}],
                    },
                    {"protocols": ["tcp"], "sources": [{"ip": "10.0.0.0/8"}, {"port": 80}]},
                ],
                "plugins": [{"name": "request-transformer", "config": {"add": {"headers": ["a: b", "c:d"]}}}],
            }
        ],
        "plugins": [
            {"name": "pre-function", "config": {"access": ["-- lua\nreturn function()\n  kong.log('\"x\"')\nend\n"]}},
            {"name": "http-log", "config": {"http_endpoint": "http://log.test", "headers": {"yes": "no"}}},
        ],
        "certificates": [{"cert": cert, "key": key, "snis": [{"name": "a.test"}, {"name": "*.b.test"}]}],
        "ca_certificates": [{"cert": AUTHORITY}],
        "upstreams": [
            {
                "name": "u",
                "healthchecks": {"threshold": 12.5},
                "targets": [{"target": "10.0.0.1"}, {"target": "[::1]:80"}],
            }
        ],
        "consumers": [
            {
                "username": "bob",
                "custom_id": "0123",
                "acls": [{"group": "admins"}],
                "keyauth_credentials": [{"key": "yes"}, {"ttl": 3600}],
                "basicauth_credentials": [{"username": "1e3", "password": "p: #x"}],
                "hmacauth_credentials": [{"username": "h"}],
                "jwt_secrets": [{"key": "~"}],
                "oauth2_credentials": [
                    {
                        "name": "app",
                        "client_id": "c",
                        "redirect_uris": ["https://a.test/x"],
                        "oauth2_tokens": [{"access_token": "t", "expires_in": 0}],
                    }
                ],
                "plugins": [{"name": "request-termination", "config": {"body": 'é\t\u2028\x85x "q" \\ end '}}],
            }
        ],
        "vaults": [{"prefix": "my-env", "name": "env", "config": {"prefix": "X_"}}],
        "key_sets": [{"name": "set", "keys": [{"kid": "k2", "pem": {"private_key": private, "public_key": public}}]}],
        "keys": [{"kid": "k1", "jwk": JWK}],
        "acme_storage": [{"key": "a", "value": "b\n\nc"}],
        "parameters": [{"key": "cluster_id", "value": "2024-01-01"}],
    }
