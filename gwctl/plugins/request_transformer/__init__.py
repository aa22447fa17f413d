"""request-transformer: changes requests before they are sent on."""
