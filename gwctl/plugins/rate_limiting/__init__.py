"""rate-limiting: so many requests in a window of time."""
