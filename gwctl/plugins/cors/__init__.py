"""cors: answers of browsers' cross-origin questions."""
