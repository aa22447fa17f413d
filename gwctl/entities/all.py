"""The table of all entities."""

from __future__ import annotations

from gwctl.entities.ca_certificates import CaCertificate
from gwctl.entities.certificates import Certificate, Sni
from gwctl.entities.consumers import Consumer
from gwctl.entities.credentials import Acl, BasicAuth, HmacAuth, JwtSecret, KeyAuth
from gwctl.entities.data_planes import DataPlane
from gwctl.entities.filter_chains import FilterChain
from gwctl.entities.keys import Key, KeySet
from gwctl.entities.oauth2 import OAuth2Code, OAuth2Credential, OAuth2Token
from gwctl.entities.parameters import Parameter
from gwctl.entities.plugin_data import AcmeStorage, RateLimitingMetric, Session
from gwctl.entities.plugins import Plugin
from gwctl.entities.routes import Route
from gwctl.entities.services import Service
from gwctl.entities.tags import Tag
from gwctl.entities.targets import Target
from gwctl.entities.upstreams import Upstream
from gwctl.entities.vaults import Vault
from gwctl.entities.workspaces import Workspace
from gwctl.schema import Entity

ENTITIES: tuple[type[Entity], ...] = (
    Service,
    Route,
    Consumer,
    Plugin,
    Certificate,
    Sni,
    CaCertificate,
    Upstream,
    Target,
    Vault,
    KeySet,
    Key,
    FilterChain,
    KeyAuth,
    BasicAuth,
    HmacAuth,
    JwtSecret,
    Acl,
    OAuth2Credential,
    OAuth2Code,
    OAuth2Token,
    AcmeStorage,
    Session,
    RateLimitingMetric,
    Workspace,
    Tag,
    Parameter,
    DataPlane,
)
