"""The table of all entities."""

from __future__ import annotations

from gwctl.entities.certificates import Certificate, Sni
from gwctl.entities.consumers import Consumer
from gwctl.entities.data_planes import DataPlane
from gwctl.entities.parameters import Parameter
from gwctl.entities.plugins import Plugin
from gwctl.entities.routes import Route
from gwctl.entities.services import Service
from gwctl.entities.tags import Tag
from gwctl.entities.targets import Target
from gwctl.entities.upstreams import Upstream
from gwctl.schema import Entity

ENTITIES: tuple[type[Entity], ...] = (
    Service,
    Route,
    Consumer,
    Plugin,
    Certificate,
    Sni,
    Upstream,
    Target,
    Tag,
    Parameter,
    DataPlane,
)
