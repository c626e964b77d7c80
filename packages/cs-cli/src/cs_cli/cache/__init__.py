"""The package cache: what is in it, and what can go."""
