"""ai-prompt-decorator: puts messages before and after those of the client."""
