"""Package archives: where they are had, what is in them, how they get into a runtime."""
