"""Settings: how one node runs. A catalogue by topic; defaults < conf file < environment < flags; rules per role."""

from gwctl.settings.declaration import CONTROL_PLANE, DATA_PLANE, ROLES, TRADITIONAL
from gwctl.settings.endpoints import Endpoint
from gwctl.settings.errors import Notice, Problem, SettingsError
from gwctl.settings.labels import LabelError, parse_labels
from gwctl.settings.listeners import Listener
from gwctl.settings.loading import Surroundings
from gwctl.settings.present import Row
from gwctl.settings.settings import Settings
from gwctl.settings.trust import Trust, pem_of, trusted

__all__ = [
    "CONTROL_PLANE",
    "DATA_PLANE",
    "ROLES",
    "TRADITIONAL",
    "Endpoint",
    "LabelError",
    "Listener",
    "Notice",
    "Problem",
    "Row",
    "Settings",
    "SettingsError",
    "Surroundings",
    "Trust",
    "parse_labels",
    "pem_of",
    "trusted",
]
