"""gwctl: a Kong-compatible API gateway that is run, scripted and extended in Python."""

__version__ = "0.1.0"

KONG_VERSION = "3.8.1"
"""The reference version whose behaviour gwctl keeps; shown wherever a reference-shaped field says ``version``."""
