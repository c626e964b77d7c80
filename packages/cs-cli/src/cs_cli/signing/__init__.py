"""Keys, and the envelope that carries a signed statement."""
