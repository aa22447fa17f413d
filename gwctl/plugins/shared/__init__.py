"""Parts of configurations that several plugins share."""
