from tests.tools.stores import catalog

__all__ = ["catalog"]
