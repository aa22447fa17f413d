"""TLS of both sides: which certificate a client is shown, and how upstreams are spoken to."""
