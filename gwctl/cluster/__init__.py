"""The link between control plane and data planes.

``Hub`` serves the links of a control plane from a ``ConfigSource`` (usually a ``Replica`` of the store), ``Agent``
keeps a data plane's cache in step over a link, ``follow`` does it without one. Their decisions are made by the
sessions, which do no input or output; ``messages`` is the protocol.
"""

from gwctl.cluster.agent import DEFAULT_MAX_PAYLOAD, Agent, AgentState
from gwctl.cluster.agent_session import AgentSession, NodeIdentity
from gwctl.cluster.applier import Applier, follow
from gwctl.cluster.errors import LinkError, MessageError, SourceUnavailable
from gwctl.cluster.hub import Hub
from gwctl.cluster.hub_session import HubIdentity, HubSession, Peer
from gwctl.cluster.ports import ConfigSink, ConfigSource, NodeLedger
from gwctl.cluster.replica import ChangeFeed, Replica

__all__ = [
    "DEFAULT_MAX_PAYLOAD",
    "Agent",
    "AgentSession",
    "AgentState",
    "Applier",
    "ChangeFeed",
    "ConfigSink",
    "ConfigSource",
    "Hub",
    "HubIdentity",
    "HubSession",
    "LinkError",
    "MessageError",
    "NodeIdentity",
    "NodeLedger",
    "Peer",
    "Replica",
    "SourceUnavailable",
    "follow",
]
