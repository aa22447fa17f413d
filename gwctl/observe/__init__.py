"""What a node tells about itself: logs, figures, access records."""
