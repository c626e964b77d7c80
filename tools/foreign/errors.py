"""What can go wrong here."""

from __future__ import annotations


class ForeignError(Exception):
    """A tool cannot be had, or refuses to work."""
