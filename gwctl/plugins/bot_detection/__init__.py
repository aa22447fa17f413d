"""bot-detection: refuses clients that name themselves as bots."""
