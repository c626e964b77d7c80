"""Package archives: where they come from, what they contain, how they get into a runtime."""
