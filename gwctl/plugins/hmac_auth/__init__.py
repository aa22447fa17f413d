"""hmac-auth: consumers known by the signature of their requests."""
