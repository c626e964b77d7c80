"""The files that are staged beside a runtime, and what they say."""
