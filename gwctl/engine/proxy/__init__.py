"""Between two connections: the phases of a request, forwarding rules and the gateway's own answers."""
