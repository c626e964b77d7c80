"""``cs inspect``: what would ship, and why."""
