"""datadog: sends figures of each request to a Datadog agent."""
