"""opentelemetry: sends traces and logs to an OpenTelemetry collector."""
