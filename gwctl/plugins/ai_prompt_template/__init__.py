"""ai-prompt-template: prompts that clients only fill in."""
