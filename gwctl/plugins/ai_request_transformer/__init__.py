"""ai-request-transformer: a language model rewrites requests."""
