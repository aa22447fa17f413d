"""Leaf helpers without any knowledge of gateways: errors, time, identifiers, tasks, files."""
