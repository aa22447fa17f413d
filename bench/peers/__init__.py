"""Other proxies beside gwctl: their configurations, the workloads and how both are measured."""
