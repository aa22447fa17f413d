"""ai-prompt-guard: allows and denies prompts by patterns."""
