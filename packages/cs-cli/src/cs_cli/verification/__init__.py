"""``cs verify``: whether a build is complete and undamaged."""
