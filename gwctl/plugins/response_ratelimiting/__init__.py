"""response-ratelimiting: limits counted by a header of the upstream."""
