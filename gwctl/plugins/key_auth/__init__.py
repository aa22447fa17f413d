"""key-auth: consumers known by a key."""
