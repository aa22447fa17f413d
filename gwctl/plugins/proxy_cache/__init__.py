"""proxy-cache: answers from memory."""
