"""jwt: consumers known by signed tokens."""
