"""pre-function: code that runs before the other plugins."""
