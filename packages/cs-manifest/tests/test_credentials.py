"""Credentials in addresses, in every spelling."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_manifest import ManifestError, Project, combine_specs, load_config, mask_credentials, requested_specs
from cs_manifest._condarc import read_condarc
from cs_manifest._credentials import holds_credentials, holds_extras, holds_page_credentials
from cs_manifest._specs import classify_conda

Make = Callable[..., Project]
SECRET = "SEKRIT"
USERS = [
    f"https://user:{SECRET}@h.example/c",
    f"https://{SECRET}@h.example/c",
    f"HTTPS://user:{SECRET}@h.example",
    f"https:/\\user:{SECRET}@h.example/c",
    f"https:\\\\user:{SECRET}@h.example/c",
    f"https:/user:{SECRET}@h.example/c",
    f"https://user%3A{SECRET}%40h.example/c",
    f"https://user:a/{SECRET}@h.example/c",
    f"https://user:a?{SECRET}@h.example/c",
    f"https://user:a#{SECRET}@h.example/c",
    f"ftp://user:{SECRET}@[::1]:80/c",
    f"//user:{SECRET}@h.example/c",
]
TOKENS = [
    f"https://h.example/t/{SECRET}/c",
    f"https://h.example/T/{SECRET}",
    f"https://h.example//t//{SECRET}/c",
    f"https://h.example/%74/{SECRET}/c",
    f"https://h.example%2ft%2f{SECRET}",
    f"https://h.example/c%2Ft%2F{SECRET}",
    f"https://h.example/%2574/{SECRET}/c",
    f"https://h.example\\t\\{SECRET}\\c",
    f"https://h.example/c%5ct%5c{SECRET}",
    f"https://h.example/t/./{SECRET}/c",
    f"https://h.example/t/x/../{SECRET}/c",
    f"https://h.example/x/../t/{SECRET}/c",
]
EXTRAS = [
    f"https://h.example/c?sig={SECRET}",
    f"https://h.example/c?{SECRET}",
    f"https://h.example/c#{SECRET}",
    f"https://h.example/c%3fsig={SECRET}",
    f"https://h.example/c%2523{SECRET}",
]
CLEAN = [
    "https://conda.anaconda.org/conda-forge",
    "https://h.example:8080/a/b",
    "https://[::1]:80/c",
    "https://h.example/@scope/x",
    "https://h.example/test/x",
    "https://h.example/c/t",
    "https://h.example/c?",
    "http://localhost",
]


@pytest.mark.parametrize("address", USERS + TOKENS)
def test_credentials_are_found(address: str) -> None:
    assert holds_credentials(address)
    assert SECRET not in mask_credentials(f"before '{address}' after")


@pytest.mark.parametrize("address", EXTRAS)
def test_queries_and_fragments_are_found(address: str) -> None:
    assert holds_extras(address)
    assert SECRET not in mask_credentials(address)


@pytest.mark.parametrize("address", CLEAN)
def test_an_address_without_credentials_is_not_changed(address: str) -> None:
    assert not holds_credentials(address)
    assert not holds_extras(address)
    assert not holds_page_credentials(address)
    assert (
        mask_credentials(f'[channel="{address}"], C:\\here and /there') == f'[channel="{address}"], C:\\here and /there'
    )


PARTS = st.text("abSt0-._~", min_size=1, max_size=6)


@given(PARTS, PARTS, st.integers(0, 4), st.sampled_from(["/", "//", "/./", "/x/../", "\\"]))
def test_no_number_of_encodings_hides_a_token(token: str, channel: str, rounds: int, slash: str) -> None:
    """Whatever a library decodes or removes on the way, the token is seen and masked."""
    path = f"{slash}t{slash}{token}Z{slash}{channel}"
    for _ in range(rounds):
        path = quote(path, safe="")
    address = f"https://h.example/{path}"
    assert holds_credentials(address)
    assert f"{token}Z" not in mask_credentials(address)


@given(st.text(max_size=60))
def test_masking_ends_and_masking_again_changes_nothing(text: str) -> None:
    masked = mask_credentials(f"https://{text}")
    assert mask_credentials(masked) == masked or "***" in masked


def test_masking_is_fast() -> None:
    for text in ("https://" * 20_000, "https://" + "a:" * 50_000, "https://h/" + "%25" * 50_000, "//@" * 50_000):
        mask_credentials(text)


# What a manifest passes on.


def read_specs(make_project: Make, value: str, key: str = "x") -> dict[str, str]:
    """Return the specs that would ship."""
    project = make_project(f"[workspace]\nplatforms = ['linux-64']\n[dependencies]\n{key} = {value}\n")
    return combine_specs(requested_specs(project, "default"), "linux-64")


@pytest.mark.parametrize("address", USERS + TOKENS + EXTRAS)
@pytest.mark.parametrize("form", ["{{ channel = '{}' }}", "'*[channel=\"{}\"]'", "{{ url = '{}/x-1-0.conda' }}", "key"])
def test_credentials_in_a_requested_spec_are_refused(make_project: Make, address: str, form: str) -> None:
    location = f"{address}/x-1-0.conda"
    if "url" in form and classify_conda({"url": location}) == "source":
        assert read_specs(make_project, form.format(address)) == {}  # what is built from source does not ship
        return
    key, value = (f"'{address}::x'", "'*'") if form == "key" else ("x", form.format(address))
    with pytest.raises(ManifestError) as caught:
        read_specs(make_project, value, key)
    assert (caught.value.kind, caught.value.line) == ("credentials", 4)
    assert SECRET not in str(caught.value) + str(caught.value.to_dict())
    assert "RATTLER_AUTH_FILE" in str(caught.value.hint)


@pytest.mark.parametrize("address", USERS + TOKENS + EXTRAS)
@pytest.mark.parametrize("field", ["channel", "url"])
@pytest.mark.parametrize("end", ["", "/x-1-0.conda"])
def test_no_spec_that_ships_holds_credentials(make_project: Make, address: str, field: str, end: str) -> None:
    try:
        specs: object = read_specs(make_project, f"{{ version = '>=1', {field} = '{address}{end}' }}")
    except ManifestError as error:
        specs = error.to_dict()
    assert SECRET not in str(specs)


@pytest.mark.parametrize(
    "address", USERS[:3] + TOKENS + ["https://h.example/?token=SEKRIT", "https://h.example/#sig=SEKRIT"]
)
@pytest.mark.parametrize("is_flag", [True, False])
def test_a_docs_url_holds_no_credentials(make_ship: Make, address: str, is_flag: bool) -> None:
    with pytest.raises(ManifestError, match="docs-url") as caught:
        load_config(make_ship("" if is_flag else f"docs-url = '{address}'"), {"docs-url": address} if is_flag else {})
    assert SECRET not in str(caught.value) + str(caught.value.to_dict())


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example/a?version=2&lang=en#top",
        "https://forum.example/t/how-to/1234",
        "https://forum.example/t/a/1/2",
    ],
)
def test_a_docs_url_may_have_a_query_or_be_a_topic(make_ship: Make, url: str) -> None:
    assert load_config(make_ship(f'docs-url = "{url}"')).docs_url == url


def test_a_long_value_is_masked_before_it_is_cut(make_ship: Make) -> None:
    with pytest.raises(ManifestError) as caught:
        load_config(make_ship(f'layout = "https://user:{SECRET * 30}@h.example"'))
    assert SECRET not in str(caught.value.to_dict())


CONDARCS = {
    "channel": "channels: [a, {}]\n",
    "proxy": "proxy_servers:\n  https: {}\n",
    "quoted": 'channel_alias: "{}"\n',
    "key": '? "{}"\n: 1\n',
}


@pytest.mark.parametrize("address", USERS + TOKENS + EXTRAS)
@pytest.mark.parametrize("form", CONDARCS.values(), ids=CONDARCS)
def test_a_condarc_holds_no_credentials(tmp_path: Path, address: str, form: str) -> None:
    if '"' in form:
        address = address.replace("\\", "\\\\")
    path = tmp_path / "condarc"
    path.write_text(form.format(address))
    with pytest.raises(ManifestError) as caught:
        read_condarc(path)
    assert caught.value.kind == "credentials"
    assert SECRET not in str(caught.value) + str(caught.value.to_dict())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"a: 1\n# was https://user:{SECRET}@h.example/c\n", 2),
        (f"\nproxy_servers:\n  http: user:{SECRET}@proxy.example:3128\n", 3),
        ('channels: ["https://user:\\x53EKRIT@h.example"]\n', 1),
        ("a: |\n  x\n  https://h.example/t/SEKRIT/c\n", 3),
    ],
    ids=["comment", "no-scheme", "escape", "block"],
)
def test_credentials_anywhere_in_a_condarc_are_refused(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "condarc"
    path.write_text(text)
    with pytest.raises(ManifestError) as caught:
        read_condarc(path)
    assert (caught.value.kind, caught.value.line) == ("credentials", line)
    assert SECRET not in str(caught.value.to_dict())


@pytest.mark.parametrize(
    "text",
    [
        "channels: ['https://h.example/t/${TOKEN}/c', 'https://me:${PASS}@h.example/c', conda-forge]\n",
        "proxy_servers: {https: 'http://${USER}:$PASS@proxy.example:3128'}\n",
        "# see https://docs.example/page?x=1#top, write to me@example.com\nchannels: [a]\n",
        "ssl_verify: /etc/ssl/cert.pem\nmail: mailto:me@example.com\n",
    ],
)
def test_variables_that_conda_expands_are_not_credentials(tmp_path: Path, text: str) -> None:
    path = tmp_path / "condarc"
    path.write_text(text)
    assert read_condarc(path) == text
