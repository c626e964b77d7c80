"""Two packages mask addresses, and neither imports the other: they do it alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_bundle import redact_url
from cs_lock.credentials import redact_url as redact_url_of_lock

ADDRESSES = [
    "https://conda.example/main/linux-64/a-1-0.conda",
    "https://me:secret@conda.example/main/a.conda",
    "https://me@conda.example:8443/main/a.conda",
    "https://me:se@cret@conda.example/",
    "HTTPS://conda.example/T/secret/main",
    "https://conda.example/t/secret/main/linux-64/a-1-0.conda",
    "https://conda.example/t/<TOKEN>/main",
    "https://conda.example//t//secret//main",
    "https://conda.example/%74/secret/main",
    "https://conda.example/%2ft%2fsecret",
    "https://conda.example/%252ft%252fsecret",
    "https://conda.example/t%5csecret",
    r"https:\\conda.example\t\secret",
    "https://conda.example/t/./secret/main",
    "https://conda.example/t/x/../secret/main",
    "https://conda.example/a.conda?sig=secret",
    "https://conda.example/a.conda?secret",
    "https://conda.example/a.conda#token=secret",
    "https://conda.example:secret/a.conda",
    "https://[::1]:8080/a.conda",
    "https://[::1",
    "oci://me:secret@ghcr.io/t/secret/a",
    "ftp://me:secret@conda.example/a",
    "file:///t/secret/a.conda",
    "/t/secret/a.conda",
    "//me:secret@conda.example/a",
    "https://conda.example/" + "%25" * 20 + "74/secret",
    " https://me:secret@conda.example/\n",
    "",
]


@pytest.mark.parametrize("url", ADDRESSES)
def test_addresses_are_masked_alike(url: str) -> None:
    assert redact_url(url) == redact_url_of_lock(url)


_PIECES = st.sampled_from(
    [*"tT/\\.%?#@:[] \n", "https://", "oci://", "file:", "host", "secret", "%2f", "%74", "%25", "..", "<TOKEN>", "é"]
)


@given(st.lists(_PIECES, max_size=14).map("".join))
def test_whatever_is_written_is_masked_alike(url: str) -> None:
    assert redact_url(url) == redact_url_of_lock(url)
