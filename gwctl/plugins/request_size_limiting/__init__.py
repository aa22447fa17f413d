"""request-size-limiting: refuses large bodies."""
