"""Licences: what packages state, what must not ship, and the texts in their archives."""
