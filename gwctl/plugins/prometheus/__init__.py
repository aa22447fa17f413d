"""prometheus: counts requests for /metrics."""
