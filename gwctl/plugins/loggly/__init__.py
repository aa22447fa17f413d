"""loggly: sends log entries to Loggly."""
