"""ai-proxy: one interface to many language models."""
