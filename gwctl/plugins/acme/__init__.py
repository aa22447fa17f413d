"""acme: certificates from ACME authorities."""
