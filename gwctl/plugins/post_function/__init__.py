"""post-function: code that runs after the other plugins."""
