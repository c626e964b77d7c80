"""Package archives: where they come from, what is in them, how they get into a runtime."""
