"""The row of the list of data planes that a link reports (hybrid.md 8)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from gwctl.cluster.compatibility import NORMAL, PLUGINS_MISSING, missing_plugins
from gwctl.cluster.messages import Hello, Mark
from gwctl.kit.digest import ZEROS


class Condition(NamedTuple):
    """How a data plane is: one of the sync statuses, and why it is not well."""

    sync_status: str
    last_error: dict[str, Any] | None


def condition_of(
    hello: Hello, sync_status: str, last_error: dict[str, Any] | None, plugins: Collection[str]
) -> Condition:
    """``plugins`` are the configured ones: one that the node lacks shows unless something worse does."""
    missing = missing_plugins(plugins, hello.plugins) if sync_status == NORMAL else []
    if not missing:
        return Condition(sync_status, last_error)
    names = ", ".join(missing)
    text = f"configured plugins that the data plane lacks: {names}; their routes answer 503 unless missing_plugin=warn"
    return Condition(PLUGINS_MISSING, last_error or {"message": text})


def row_of(
    hello: Hello, serving: Mark, ip: str, certificate_expiry: float | None, condition: Condition
) -> dict[str, Any]:
    """A record of ``clustering_data_planes`` without its times."""
    return {
        "id": hello.node_id,
        "hostname": hello.hostname,
        "ip": ip,
        "version": hello.version,
        "gwctl_version": hello.gwctl_version,
        "config_hash": serving.digest if serving.lineage else ZEROS,
        "applied_version": serving.number if serving.lineage else None,
        "sync_status": condition.sync_status,
        "labels": dict(hello.labels),
        "cert_details": {"expiry_timestamp": int(certificate_expiry)} if certificate_expiry is not None else None,
        "rpc_capabilities": [],
        "last_error": condition.last_error,
    }
