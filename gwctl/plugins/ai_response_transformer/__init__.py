"""ai-response-transformer: a language model rewrites responses."""
