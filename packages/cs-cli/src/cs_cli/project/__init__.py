"""The project: what it asks to ship, from its manifest and lock."""
