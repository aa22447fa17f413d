"""oauth2: issues and checks OAuth 2.0 tokens."""
