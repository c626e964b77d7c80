"""Draw the pictures of the documentation: ``python -m pictures`` writes ``docs/pictures``."""
