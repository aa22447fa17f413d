"""What happens to a request of one route, computed when the snapshot is built."""
