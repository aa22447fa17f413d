"""Changesets: plan what turns one configuration into another, and apply it as one version."""
