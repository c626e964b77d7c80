"""``cs build``: from a plan to a runtime and its companion files."""
