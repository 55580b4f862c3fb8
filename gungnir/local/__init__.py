"""The embedded local cluster: an API server, controllers and a node agent that runs real valkey-server processes."""
