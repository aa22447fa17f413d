"""http-log: sends log entries to an HTTP server."""
