"""correlation-id: gives every request an id in a header."""
