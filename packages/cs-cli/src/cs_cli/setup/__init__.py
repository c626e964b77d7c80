"""``cs init``: write ``[tool.conda-ship]`` into the manifest of a workspace."""
