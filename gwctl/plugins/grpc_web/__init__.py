"""grpc-web: lets browsers call gRPC services."""
