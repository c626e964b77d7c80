"""The commands of ``cs``: a module for each, with its flags and what runs it."""
