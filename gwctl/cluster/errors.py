"""Errors of the cluster link.

LinkError            the link cannot work or was refused; the message says why
└── MessageError     a message of the peer is not what the protocol says; the link is closed with the reason
SourceUnavailable    the change log behind a source cannot be read now
"""

from __future__ import annotations

from gwctl.kit.errors import GwctlError


class LinkError(GwctlError):
    code = "link_error"


class MessageError(LinkError):
    code = "bad_message"


class SourceUnavailable(GwctlError):
    code = "source_unavailable"
