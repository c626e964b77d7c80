"""What can go wrong here."""

from __future__ import annotations


class ForeignError(Exception):
    """A tool is not available, or does not work."""
