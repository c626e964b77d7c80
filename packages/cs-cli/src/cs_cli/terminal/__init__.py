"""The terminal: where output goes, how it looks, and signals from there."""
