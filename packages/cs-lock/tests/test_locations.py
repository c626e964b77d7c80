from __future__ import annotations

from pathlib import Path

import pytest

from cs_lock._locations import find_file, find_scheme, is_local_archive, is_local_channel

FOLDER = Path("/work/project")


@pytest.mark.parametrize(
    ("location", "scheme"),
    [
        ("https://x.org/a", "https"),
        ("HTTP://x.org/a", "http"),
        (" oci://x.org/a", "oci"),
        ("file:/a", "file"),
        ("./a", None),
        ("/a:b", None),
        ("C:/a", None),
        ("c:\\a", None),
    ],
)
def test_schemes_are_found_whatever_their_case(location: str, scheme: str | None) -> None:
    assert find_scheme(location) == scheme
    assert is_local_archive(location) == (scheme in (None, "file"))


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("./a.conda", "/work/project/a.conda"),
        ("../pkgs/a%20b.conda", "/work/project/../pkgs/a%20b.conda"),
        ("/srv/a.conda", "/srv/a.conda"),
        ("file:///srv/a%20b.conda", "/srv/a b.conda"),
        ("FILE:/srv/a.conda", "/srv/a.conda"),
        ("file://localhost/srv/a.conda", "/srv/a.conda"),
        ("file:///srv/a.conda?x#y", "/srv/a.conda"),
        ("file://server/share/a.conda", "//server/share/a.conda"),
        ("file:///C:/pkgs/a.conda", "/work/project/C:/pkgs/a.conda"),
    ],
)
def test_the_file_of_a_local_location_is_found(location: str, path: str) -> None:
    assert find_file(location, FOLDER) == Path(path)


@pytest.mark.parametrize("channel", ["./c", "../c", "..", "~/c", "/srv/c", "C:\\c", "file:///srv/c", "FILE:///c"])
def test_directories_are_local_channels(channel: str) -> None:
    assert is_local_channel(channel)


@pytest.mark.parametrize(
    "channel", ["conda-forge", "conda-forge/label/dev", "https://x.org/c", "oci://x.org/c", ".hidden"]
)
def test_names_and_urls_are_not(channel: str) -> None:
    assert not is_local_channel(channel)
