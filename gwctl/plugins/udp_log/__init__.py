"""udp-log: sends log entries to a UDP server."""
