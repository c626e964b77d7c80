"""Compare our runtimes with the peer's: the same packages, the same machine, interleaved runs."""
