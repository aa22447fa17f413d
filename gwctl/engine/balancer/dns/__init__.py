"""Names to addresses: a caching stub resolver over aiodns (proxy.md 8; reliability.md F39)."""
