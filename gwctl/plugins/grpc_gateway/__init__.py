"""grpc-gateway: lets HTTP clients call gRPC services."""
