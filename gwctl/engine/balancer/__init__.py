"""Where a request goes: from a service's host, an upstream's targets or a DNS name to one address."""
