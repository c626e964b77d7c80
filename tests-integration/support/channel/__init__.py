"""A real conda channel, made from the host's Python and from wheels, for tests and benchmarks."""
