"""clustering_data_planes: the data planes that a control plane has seen (hybrid.md 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwctl.entities.common import Identified
from gwctl.schema import Record, fields, typedefs

SYNC_STATUSES = (
    "unknown",
    "normal",
    "kong_version_incompatible",
    "plugin_set_incompatible",
    "plugin_version_incompatible",
    "filter_set_incompatible",
)


class CertificateDetails(Record):
    expiry_timestamp: float | None = fields.number(timestamp=True, help="seconds since the epoch")


class DataPlane(
    Identified,
    name="clustering_data_planes",
    path="clustering/data-planes",
    exported=False,
    dumped=False,
    admin=False,
):
    """The last known state of one data plane; a row lives ``ttl`` seconds after its last update."""

    last_seen: int | None = fields.integer(timestamp=True, help="seconds since the epoch")
    updated_at: int | None = fields.integer(auto=True, timestamp=True)
    config_hash: str | None = fields.string(len_eq=32)
    hostname: str = fields.string(typedefs.HOST, required=True)
    ip: str = fields.string(typedefs.IP, required=True)
    version: str | None = fields.string(match=r"\A[0-9]+(?:\.[0-9]+)*", help="the reference version it stands for")
    sync_status: str = fields.string(required=True, one_of=SYNC_STATUSES, default="unknown")
    labels: Mapping[str, str] | None = fields.map(fields.string(), fields.string())
    cert_details: CertificateDetails | None = fields.record(CertificateDetails)
    rpc_capabilities: tuple[str, ...] | None = fields.set(fields.string())
    ttl: int | None = fields.integer(help="seconds since the epoch at which the row ends")
    gwctl_version: str | None = fields.string(help="the software version of the node")
    applied_version: int | None = fields.integer(help="number of the configuration version it serves")
    last_error: Mapping[str, Any] | None = fields.json(json_object=True, help="why it refused a configuration")
