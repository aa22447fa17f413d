"""syslog: hands log entries to the system log."""
