"""tcp-log: sends log entries to a TCP server."""
