"""A name server for tests, on a free port over UDP and TCP: it says what it is told, or nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.tools.ports import Ports

_MOST_UDP = 512


class DnsServer:
    """``say`` sets the records of a name and type; other types of a known name are empty, unknown names do not exist.

    ``asked`` counts questions by (name, type), ``over_tcp`` those that came by TCP.
    """

    def __init__(self) -> None:
        self._ports = Ports()
        self.port = self._ports.take()
        self.asked: Counter[tuple[str, str]] = Counter()
        self.over_tcp: Counter[tuple[str, str]] = Counter()
        self.silent = False
        self.extra: list[dns.rrset.RRset] = []
        self._records: dict[str, dict[str, dns.rrset.RRset]] = {}
        self._rcodes: dict[str, dns.rcode.Rcode] = {}
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._tcp = socket.create_server(("127.0.0.1", self.port))
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._serve_udp, self._serve_tcp)]
        for thread in self._threads:
            thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def say(self, name: str, kind: str, *values: str, ttl: int = 300) -> None:
        """``name`` has these records of ``kind``, in the words of a zone file."""
        self._rcodes.pop(name, None)
        self._records.setdefault(name, {})[kind] = dns.rrset.from_text(f"{name}.", ttl, "IN", kind, *values)

    def forget(self, name: str) -> None:
        """``name`` does not exist any more."""
        self._records.pop(name, None)
        self._rcodes.pop(name, None)

    def fail(self, name: str, rcode: str = "SERVFAIL") -> None:
        """Questions for ``name`` fail."""
        self._rcodes[name] = dns.rcode.from_text(rcode)

    def questions(self, name: str) -> int:
        """How many questions there were for ``name``."""
        return sum(count for (asked, _), count in self.asked.items() if asked == name)

    def close(self) -> None:
        # a thread that waits in recv or accept is not woken by close alone
        with contextlib.suppress(OSError):
            self._udp.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._tcp.shutdown(socket.SHUT_RDWR)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        for thread in self._threads:
            thread.join(5)
        self._udp.close()
        self._tcp.close()
        self._ports.release()

    def _answer(self, wire: bytes, *, tcp: bool) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked[name, kind] += 1
        if tcp:
            self.over_tcp[name, kind] += 1
        if self.silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        rcode = self._rcodes.get(name)
        records = self._records.get(name)
        if rcode is not None:
            response.set_rcode(rcode)
        elif records is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        else:
            self._fill(response, records, kind)
            response.additional += self.extra
        full = response.to_wire(max_size=65535)
        if tcp or len(full) <= _MOST_UDP:
            return full
        response.answer.clear()
        response.flags |= dns.flags.TC
        return response.to_wire()

    def _fill(self, response: dns.message.Message, records: dict[str, dns.rrset.RRset], kind: str) -> None:
        seen: set[str] = set()
        while kind not in records and "CNAME" in records:
            alias = records["CNAME"]
            response.answer.append(alias)
            name = alias[0].target.to_text(omit_final_dot=True).lower()
            if name in seen:
                return
            seen.add(name)
            records = self._records.get(name, {})
        if kind in records:
            response.answer.append(records[kind])

    def _serve_udp(self) -> None:
        while True:
            try:
                wire, sender = self._udp.recvfrom(65535)
            except OSError:
                return
            if not wire:
                return
            answer = self._answer(wire, tcp=False)
            if answer is not None:
                self._udp.sendto(answer, sender)

    def _serve_tcp(self) -> None:
        while True:
            try:
                client, _ = self._tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as stream, contextlib.suppress(OSError):
            while size := stream.read(2):
                answer = self._answer(stream.read(int.from_bytes(size, "big")), tcp=True)
                if answer is not None:
                    client.sendall(len(answer).to_bytes(2, "big") + answer)


@contextlib.contextmanager
def dns_server() -> Iterator[DnsServer]:
    """A running name server."""
    server = DnsServer()
    try:
        yield server
    finally:
        server.close()
