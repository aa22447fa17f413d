"""The route expression language: lexer, parser, fields, evaluation; pure (proxy.md, expressions)."""
