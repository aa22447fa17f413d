"""What settings must fulfil together, by role, in the reference's words (hybrid.md 2.6)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from gwctl.kit.ids import is_uuid
from gwctl.settings.added_header import parse_added_header
from gwctl.settings.declaration import CLUSTERED, CONTROL_PLANE, DATA_PLANE, TRADITIONAL
from gwctl.settings.endpoints import parse_endpoint, parse_port_map
from gwctl.settings.entry import Entries
from gwctl.settings.errors import Problem
from gwctl.settings.labels import LabelError, parse_labels
from gwctl.settings.listeners import Listener
from gwctl.settings.responses import unknown_words

Rule = Callable[[Entries], Iterator[Problem]]

_NO_CERTIFICATE = "cluster certificate and key must be provided to use Hybrid mode"
_MOST_DOCUMENT = 128 * 1024
_PAIRS = ("ssl_cert", "admin_ssl_cert", "status_ssl_cert")


def problems_of(entries: Entries) -> list[Problem]:
    """Every rule that ``entries`` break; settings whose own value could not be read break none."""
    return [problem for rule in _RULES for problem in rule(entries)]


def _role(entries: Entries) -> object:
    return entries["role"].value


def _words(entries: Entries, name: str) -> list[str]:
    value = entries[name].value
    return [item for item in value if isinstance(item, str)] if isinstance(value, tuple) else []


def _control_plane(entries: Entries) -> Iterator[Problem]:
    if _role(entries) != CONTROL_PLANE:
        return
    for name in ("admin_listen", "cluster_listen"):
        if entries[name].value == ():
            yield Problem(f'{name} must be specified when role = "control_plane"')
    if entries["database"].value == "off":
        yield Problem(
            'in-memory storage can not be used when role = "control_plane"', "set database = sqlite or postgres"
        )
    if entries["cluster_use_proxy"].value is True:
        yield Problem('cluster_use_proxy can not be used when role = "control_plane"')
    if _words(entries, "cluster_dp_labels"):
        yield Problem('cluster_dp_labels can not be used when role = "control_plane"')
    if entries["cluster_mtls"].value == "pki" and entries["cluster_ca_cert"].value is None:
        yield Problem('cluster_ca_cert must be specified when cluster_mtls = "pki"')


def _data_plane(entries: Entries) -> Iterator[Problem]:
    if _role(entries) != DATA_PLANE:
        return
    if entries["proxy_listen"].value == ():
        yield Problem('proxy_listen must be specified when role = "data_plane"')
    if entries["database"].value in ("sqlite", "postgres"):
        text = 'only in-memory storage can be used when role = "data_plane"'
        yield Problem(text, "set database = off, or leave it unset")
    if entries["cluster_use_proxy"].value is True and entries["proxy_server"].value is None:
        yield Problem("cluster_use_proxy is turned on but no proxy_server is configured")
    if entries["cluster_control_plane"].value == ():
        yield Problem("cluster_control_plane must name at least one host:port")


def _traditional(entries: Entries) -> Iterator[Problem]:
    if _role(entries) == TRADITIONAL and _words(entries, "cluster_dp_labels"):
        yield Problem('cluster_dp_labels can only be used when role = "data_plane"')


def _cluster_trust(entries: Entries) -> Iterator[Problem]:
    if _role(entries) not in CLUSTERED:
        return
    if entries["cluster_mtls"].value == "pki":
        yield Problem("cluster_mtls = pki is not available yet", "use cluster_mtls = shared")
    told = [name for name in ("cluster_cert", "cluster_cert_key") if entries[name].is_explicit]
    if len(told) == 1:
        other = "cluster_cert_key" if told == ["cluster_cert"] else "cluster_cert"
        yield Problem(_NO_CERTIFICATE, f"{told[0]} is set, set {other} as well")


def _certificate_pairs(entries: Entries) -> Iterator[Problem]:
    for name in _PAIRS:
        certificates, keys = _words(entries, name), _words(entries, f"{name}_key")
        if certificates and not keys:
            yield Problem(f"{name}_key must be specified")
        elif keys and not certificates:
            yield Problem(f"{name} must be specified")
        elif len(certificates) != len(keys):
            yield Problem(f"{name} has {len(certificates)} entries but {name}_key has {len(keys)}")


def _client_pair(entries: Entries) -> Iterator[Problem]:
    names = ("client_ssl_cert", "client_ssl_cert_key")
    missing = [name for name in names if entries[name].value is None]
    if missing and (len(missing) == 1 or entries["client_ssl"].value is True):
        yield Problem(f"{missing[0]} must be specified")


def _proxy_protocol(entries: Entries) -> Iterator[Problem]:
    """A listener that does not read the PROXY line would refuse every request behind such a balancer."""
    for name in ("admin_listen", "status_listen", "cluster_listen"):
        value = entries[name].value
        if isinstance(value, tuple) and any(isinstance(item, Listener) and item.proxy_protocol for item in value):
            yield Problem(
                f"{name}: proxy_protocol is read on proxy_listen only",
                "remove the flag, here and at the load balancer",
            )


def _node_id(entries: Entries) -> Iterator[Problem]:
    value = entries["node_id"].value
    if value is not None and not is_uuid(value):
        yield Problem("node_id must be a valid UUID")


def _labels(entries: Entries) -> Iterator[Problem]:
    try:
        parse_labels(_words(entries, "cluster_dp_labels"))
    except LabelError as error:
        yield Problem(str(error))


def _control_plane_addresses(entries: Entries) -> Iterator[Problem]:
    for word in _words(entries, "cluster_control_plane"):
        try:
            parse_endpoint(word)
        except ValueError:
            yield Problem(f"cluster_control_plane must be host:port, or several separated by commas, got '{word}'")


def _port_maps(entries: Entries) -> Iterator[Problem]:
    for word in _words(entries, "port_maps"):
        try:
            parse_port_map(word)
        except ValueError:
            yield Problem(f"invalid port mapping (`port_maps`): {word}", "write published:local, for example 80:8000")


def _trusted_ips(entries: Entries) -> Iterator[Problem]:
    for word in _words(entries, "trusted_ips"):
        if word != "unix:" and not _is_network(word):
            yield Problem(
                "trusted_ips must be a comma separated list in the form of IPv4 or IPv6 address or CIDR block or "
                f"'unix:', got '{word}'"
            )


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _headers(entries: Entries) -> Iterator[Problem]:
    for name in ("headers", "headers_upstream"):
        for word in unknown_words(_words(entries, name), upstream=name == "headers_upstream"):
            yield Problem(f"{name}: invalid entry '{word}'")


def _added_header(entries: Entries) -> Iterator[Problem]:
    text = entries["nginx_proxy_add_header"].value
    if isinstance(text, str):
        try:
            parse_added_header(text)
        except ValueError as error:
            yield Problem("nginx_proxy_add_header is not a header", str(error))


def _proxy_server(entries: Entries) -> Iterator[Problem]:
    value = entries["proxy_server"].value
    if not isinstance(value, str):
        return
    try:
        url = urlsplit(value)
        host = url.hostname
    except ValueError:
        yield Problem("proxy_server is not a URL", "write http(s)://[user:pass@]host:port")
        return
    if not url.scheme or "://" not in value:
        yield Problem("proxy_server missing scheme")
    elif url.scheme not in ("http", "https"):
        yield Problem(f'proxy_server only supports "http" and "https", got {url.scheme}')
    elif not host:
        yield Problem("proxy_server missing host")
    elif url.fragment or url.query or ";" in url.path:
        yield Problem("fragments, query strings or parameters are meaningless in proxy configuration")


def _plain_text(entries: Entries) -> Iterator[Problem]:
    """What a running node keeps in its settings file must fit on a line of UTF-8."""
    for name, entry in entries.items():
        if entry.raw and not _is_unicode(entry.raw):
            yield Problem(f"{name} is not UTF-8 text ({entry.origin})", "write it in UTF-8")
        elif entry.raw and ("\n" in entry.raw or "\0" in entry.raw) and name != "declarative_config_string":
            yield Problem(f"{name} must not contain line breaks")


def _document(entries: Entries) -> Iterator[Problem]:
    """Settings travel to every process of a node; a large document does not belong among them."""
    text = entries["declarative_config_string"].raw
    if text is not None and len(text) > _MOST_DOCUMENT:
        yield Problem(
            f"declarative_config_string is longer than {_MOST_DOCUMENT // 1024} KiB",
            "put the document into a file and set declarative_config",
        )


def _is_unicode(text: str) -> bool:
    """Whether no byte of the environment or the command line was left undecoded (a lone surrogate stands for it)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_RULES: tuple[Rule, ...] = (
    _control_plane,
    _data_plane,
    _traditional,
    _cluster_trust,
    _certificate_pairs,
    _client_pair,
    _proxy_protocol,
    _node_id,
    _labels,
    _control_plane_addresses,
    _port_maps,
    _trusted_ips,
    _headers,
    _added_header,
    _proxy_server,
    _plain_text,
    _document,
)
