"""The ``cs`` command: from a workspace to staged artifacts."""

__version__ = "0.1.0"
