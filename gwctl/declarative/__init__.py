"""kong.yml: parse, upgrade, flatten, identify, export (admin-api.md 3)."""
