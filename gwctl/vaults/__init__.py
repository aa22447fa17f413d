"""``{vault://…}`` references and the providers behind them (hybrid.md 2.4)."""
