"""Routes: which one a request matches, in the reference's order, and what path goes upstream. Sans-IO."""
