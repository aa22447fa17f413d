"""TLS of the installed command: two workers, certificates that come and go while clients are there, upstreams that ask
for a certificate (proxy.md 10; 06-ssl, 18-upstream_tls)."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from gwctl.kit.pem_files import load_chain
from tests.tools.authority import Authority, Issued
from tests.tools.client import ask
from tests.tools.gateway import Place, place_in
from tests.tools.traditional import Traditional
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for


class Node(Traditional):
    """A traditional node with a TLS listener."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.tls_port = place.ports.take()
        self.environ["KONG_PROXY_LISTEN"] = f"127.0.0.1:{self.port}, 127.0.0.1:{self.tls_port} ssl reuseport"

    def admin(self, method: str, path: str, data: Any = None, status: int = 201) -> Any:
        answer = ask(method, f"http://127.0.0.1:{self.admin_port}{path}", data=data)
        assert answer.status == status, answer.text
        return answer.json() if answer.body else None


class Picky(contextlib.AbstractContextManager["Picky"]):
    """An upstream that speaks TLS, asks for certificates of ``clients`` and says whose it saw."""

    def __init__(self, pair: Issued, clients: Authority) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        load_chain(self._context, pair.cert.encode(), pair.key.encode())
        self._context.load_verify_locations(cadata=clients.cert)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            sock.settimeout(30)
            with self._context.wrap_socket(sock, server_side=True) as tls:
                peer: Any = tls.getpeercert()
                name = dict(part[0] for part in peer["subject"])["commonName"].encode()
                while tls.recv(65536):
                    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name))


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with tempfile.TemporaryDirectory() as folder, place_in(Path(folder)) as place:
        made = Node(place)
        made.started()
        try:
            yield made
        finally:
            made.gwctl("stop")


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority("root")


def careless() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def shown(node: Node, name: str) -> str:
    with (
        socket.create_connection(("127.0.0.1", node.tls_port), 10) as sock,
        careless().wrap_socket(sock, server_hostname=name) as tls,
    ):
        der = tls.getpeercert(binary_form=True)
    assert der is not None
    (common,) = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(common.value)


def test_certificates_follow_the_configuration_without_a_dropped_connection(
    node: Node, root: Authority, upstream: Upstream
) -> None:
    node.admin("PUT", "/services/plain", {"url": upstream.url}, 200)
    node.admin("PUT", "/services/plain/routes/plain", {"paths": ["/plain"]}, 200)
    wait_for(lambda: ask("GET", f"http://127.0.0.1:{node.port}/plain").status == 200, "the route is served")
    client = http.client.HTTPSConnection("127.0.0.1", node.tls_port, timeout=10, context=careless())

    def asked() -> int:
        client.request("GET", "/plain")
        answer = client.getresponse()
        answer.read()
        return answer.status

    assert asked() == 200
    opened = client.sock
    assert shown(node, "a.shop.test") == "localhost"
    for name in ("first", "second"):
        pair = root.issue(name)
        body = {"cert": pair.cert, "key": pair.key, "snis": ["*.shop.test"]}
        node.admin("PUT", "/certificates/00000000-0000-4000-8000-0000000000aa", body, 200)
        wait_for(lambda wanted=name: shown(node, "a.shop.test") == wanted, f"the {name} certificate is shown")  # type: ignore[misc]
        assert asked() == 200
    node.admin("DELETE", "/certificates/00000000-0000-4000-8000-0000000000aa", status=204)
    wait_for(lambda: shown(node, "a.shop.test") == "localhost", "the default is shown again")
    assert asked() == 200
    assert client.sock is opened
    client.close()


@pytest.mark.parametrize("status", [426, 301, 302, 307, 308])
def test_plain_requests_to_a_route_for_tls(node: Node, status: int, upstream: Upstream) -> None:
    node.admin("PUT", "/services/plain", {"url": upstream.url}, 200)
    path = f"/only{status}"
    node.admin(
        "PUT",
        f"/services/plain/routes/only{status}",
        {"paths": [path], "protocols": ["https"], "https_redirect_status_code": status},
        200,
    )
    url = f"http://127.0.0.1:{node.port}{path}?b=c"
    answer = wait_for(lambda: found if (found := ask("GET", url)).status != 404 else None, "the route is served")
    assert answer is not None
    assert answer.status == status
    assert answer.headers.get("location") == (None if status == 426 else f"https://127.0.0.1{path}?b=c")


def test_upstreams_are_verified_and_shown_certificates_as_configured(node: Node, root: Authority) -> None:
    middle = Authority("middle", root)
    other = Authority("other")
    ids = {
        name: node.admin("POST", "/ca_certificates", {"cert": one.cert})["id"]
        for name, one in (("root", root), ("other", other))
    }
    pairs = {name: root.issue(name) for name in ("client one", "client two")}
    made = node.admin("POST", "/certificates", {"cert": pairs["client one"].cert, "key": pairs["client one"].key})
    url = f"http://127.0.0.1:{node.port}/picky"

    def becomes(status: int, text: str, what: str, **change: Any) -> None:
        if change:
            node.admin("PATCH", "/services/picky", change, 200)

        def seen() -> bool:
            answer = ask("GET", url)
            return answer.status == status and text in answer.text

        wait_for(seen, what)

    with Picky(middle.issue("localhost", "127.0.0.1"), root) as upstream:
        service = {"protocol": "https", "host": "127.0.0.1", "port": upstream.port, "retries": 0}
        node.admin("PUT", "/services/picky", service, 200)
        node.admin("PUT", "/services/picky/routes/picky", {"paths": ["/picky"]}, 200)
        becomes(502, "", "the upstream wants a certificate")
        becomes(200, "client one", "it sees the service's", client_certificate={"id": made["id"]})
        two = pairs["client two"]
        node.admin("PATCH", f"/certificates/{made['id']}", {"cert": two.cert, "key": two.key}, 200)
        becomes(200, "client two", "it sees the changed one")
        becomes(502, "", "no authority is known", tls_verify=True)
        becomes(200, "client two", "the right one is", ca_certificates=[ids["root"]])
        becomes(502, "", "another one does not do", ca_certificates=[ids["other"]])
        becomes(502, "", "the chain is too long", ca_certificates=[ids["root"]], tls_verify_depth=0)
        becomes(200, "client two", "the chain may be as long", tls_verify_depth=1)
        becomes(502, "", "the certificate is gone", client_certificate=None)
    log = node.log
    assert "upstream SSL certificate verify error: (22:certificate chain too long) while SSL handshaking" in log
    assert "PRIVATE KEY" not in log


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_resumed_by_every_worker(node: Node, version: ssl.TLSVersion) -> None:
    """Twenty new connections land on both workers; each goes on with the session of the one before."""
    assert len(node.workers()) == 2
    context = careless()
    context.maximum_version = version
    session = None
    resumed = []
    for _ in range(20):
        with (
            socket.create_connection(("127.0.0.1", node.tls_port), 10) as sock,
            context.wrap_socket(sock, server_hostname="a.test", session=session) as tls,
        ):
            tls.sendall(b"GET /nowhere HTTP/1.1\r\nHost: a.test\r\n\r\n")
            assert tls.recv(65536).startswith(b"HTTP/1.1 404")
            session = tls.session
            resumed.append(bool(tls.session_reused))
    assert resumed == [False] + [True] * 19
