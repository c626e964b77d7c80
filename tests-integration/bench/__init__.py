"""Compare runtimes with those of conda-ship 0.11.1: the same packages, the same machine, interleaved runs."""
