"""file-log: writes log entries to a file."""
