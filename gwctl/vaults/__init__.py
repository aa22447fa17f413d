"""``{vault://…}`` references in entities, and the providers behind them (hybrid.md 2.4).

A control plane, a cache and a file hold the reference; the value is read by the process that needs it, and only there.
"""

from gwctl.kit.references import ReferenceProblem
from gwctl.vaults.fields import References
from gwctl.vaults.providers import Environment, Provider, providers_of
from gwctl.vaults.secrets import Secrets
from gwctl.vaults.view import Resolved

__all__ = ["Environment", "Provider", "ReferenceProblem", "References", "Resolved", "Secrets", "providers_of"]
