"""Health of addresses: the state machine, passive input, active probes, and what is told about it."""
