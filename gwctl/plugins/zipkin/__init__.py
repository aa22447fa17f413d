"""zipkin: sends traces to a Zipkin server."""
