"""request-termination: answers by itself."""
