"""The terminal: where words go, how they look, and the signals that come from there."""
