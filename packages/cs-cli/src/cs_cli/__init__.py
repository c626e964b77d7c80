"""The ``cs`` command: from a workspace to staged artifacts."""

__version__ = "0.1.0"

DOCUMENTATION = "https://conda-ship.github.io/conda-ship/"
"""Where the documentation is."""
