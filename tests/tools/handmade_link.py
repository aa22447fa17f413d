"""A data plane made by hand: says hello over the cluster link with whatever words a test likes."""

from __future__ import annotations

import contextlib
import json
import ssl
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

PATH = "/v1/gwctl"
SUBPROTOCOL = "gwctl.1"
NOTHING = {"lineage": "", "number": 0, "digest": "0" * 32}


class HandmadeLink:
    """An open connection; ``node_id`` is new unless the hello names one."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.node_id = str(uuid.uuid4())

    def hello(self, **changes: Any) -> None:
        """What a data plane of the same version says, with ``changes``."""
        said = {
            "type": "hello",
            "protocols": [1],
            "node_id": self.node_id,
            "hostname": "handmade",
            "version": "3.8.1",
            "gwctl_version": "0.1.0",
            "labels": {},
            "plugins": [],
            "has": NOTHING,
            "serving": NOTHING,
            "heartbeat_interval": None,
            "max_payload": 1 << 24,
        }
        self.send({**said, **changes})

    def pull(self) -> None:
        """Ask for everything."""
        self.send({"type": "pull", "has": NOTHING, "full": True})

    def send(self, message: dict[str, Any]) -> None:
        self._socket.send(json.dumps(message))

    def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=10))
        return message

    def receive_kind(self, kind: str) -> dict[str, Any]:
        """The next message of a kind; others are skipped."""
        while (message := self.receive())["type"] != kind:
            pass
        return message

    def end(self) -> tuple[int, str]:
        """Wait for the control plane to close: its code and reason."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                self._socket.recv(timeout=10)
        return self._socket.close_code or 0, self._socket.close_reason or ""


@contextlib.contextmanager
def link_to(port: int, certificates: Path) -> Iterator[HandmadeLink]:
    """Dial a control plane on this host with the pair ``cluster.crt`` and ``cluster.key`` of a directory."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(certificates / "cluster.crt", certificates / "cluster.key")
    with connect(
        f"wss://127.0.0.1:{port}{PATH}",
        ssl=context,
        server_hostname="kong_clustering",
        subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
        compression=None,
        proxy=None,
    ) as socket:
        yield HandmadeLink(socket)
