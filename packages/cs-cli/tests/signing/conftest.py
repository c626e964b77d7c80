"""Fixtures that the tests of signing share."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_keys import SigningKey, make_key, write_key


@pytest.fixture
def key() -> SigningKey:
    """Return an Ed25519 key."""
    return make_key()


@pytest.fixture
def key_path(key: SigningKey, tmp_path: Path) -> Path:
    """Return the file of the key."""
    return write_key(tmp_path / "key.pem", key)
