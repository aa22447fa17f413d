"""statsd: sends figures of each request to a StatsD server."""
