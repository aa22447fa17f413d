"""response-transformer: changes responses on their way to the client."""
