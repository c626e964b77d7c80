"""Wheels: made here or of the index, put in place by the runtime, by uv and by pip."""
