"""ip-restriction: lets clients pass by their address."""
