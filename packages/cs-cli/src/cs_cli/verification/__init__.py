"""``cs verify``: whether what was built agrees with itself."""
