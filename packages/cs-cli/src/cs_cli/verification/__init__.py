"""``cs verify``: whether a build is complete, undamaged, signed, and what its source gives."""
