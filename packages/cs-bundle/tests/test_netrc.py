"""Netrc files as curl, git and Python's own reader take them."""

from __future__ import annotations

import netrc as python_netrc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cs_bundle._credentials import load_credentials, render_basic
from cs_bundle._netrc import Login, parse_netrc

ME = Login(user="me", password="secret")


@pytest.mark.parametrize(
    "text",
    [
        "machine a.example login me password secret",
        "machine a.example\n  login me\n  password secret\n",
        "machine\n a.example\n login\n me\n password\n secret\n",
        "# a comment\nmachine a.example login me password secret # and one behind\n",
        "#machine a.example login other password other\nmachine a.example login me password secret\n",
        'machine a.example login "me" password "secret"\n',
        "machine A.Example account x login me password secret\n",
        "macdef init\nmachine a.example login other password other\n\nmachine a.example login me password secret\n",
        "machine a.example login me password secret\nmacdef init\nmachine b.example\n",
        "machine a.example login me password secret\nmachine a.example login later password later\n",
        "nonsense\nmachine a.example login me password secret\n",
        "machine a.example user me password secret\n",
        "machine a.example port 21 login me password secret\n",
        'machine b.example login x password "never closed\nmachine a.example login me password secret\n',
        "machine b.example login\nmachine a.example login me password secret\n",
        "machine b.example login x password\nmachine a.example login me password secret\n",
        "machine\nmachine a.example login me password secret\n",
        "default login other password other\nmachine a.example login me password secret\n",
        "machine a.example login me password secret\r\nmachine b.example login x password y\r\n",
    ],
)
def test_a_login_is_found_whatever_stands_around_it(text: str) -> None:
    assert parse_netrc(text).machines["a.example"] == ME


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ('"a b"', "a b"),
        (r'"a\"b"', 'a"b'),
        (r'"a\\b"', "a\\b"),
        (r'"a\nb"', "a\nb"),
        (r"a\b", r"a\b"),
        ("#hash", "#hash"),
        ("machine", "machine"),
        ('a"b', 'a"b'),
        ("pässwörd", "pässwörd"),
        ("no\xa0break\u2028space", "no\xa0break\u2028space"),
    ],
)
def test_passwords_are_read_as_they_were_meant(written: str, password: str) -> None:
    login = parse_netrc(f"machine a.example login me password {written}\nmachine b.example login x password y\n")
    assert login.machines["a.example"].password == password
    assert login.machines["b.example"] == Login(user="x", password="y")


def test_a_forgotten_value_does_not_hand_over_the_login_of_another_host() -> None:
    found = parse_netrc("machine a.example login\nmachine b.example login me password secret\n")
    assert "a.example" not in found.machines
    assert found.machines["b.example"] == ME


def test_the_default_entry_is_for_every_other_host() -> None:
    found = parse_netrc("machine a.example login x password y\ndefault login me password secret\n")
    assert found.find("other.example") == ME
    assert found.find("a.example") == Login(user="x", password="y")
    assert parse_netrc("machine a.example login x password y\n").find("other.example") is None


def test_a_login_is_not_shown() -> None:
    assert "secret" not in repr(parse_netrc("machine a.example login me password secret\n"))


_JUNK = st.one_of(
    st.text(alphabet='#"\\\n\t .x', max_size=40), st.text(max_size=40), st.just("macdef"), st.just("login")
)


@settings(deadline=None)
@given(st.lists(_JUNK, max_size=5).map(" ".join))
def test_whatever_stands_before_an_entry_does_not_hide_it(junk: str) -> None:
    assert parse_netrc(f"{junk}\n\nmachine zz.test login me password secret\n").machines["zz.test"] == ME


_WORD = st.text(alphabet=st.characters(min_codepoint=0x24, max_codepoint=0x7E, exclude_characters='"\\#'), min_size=1)
_QUOTED = st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters='"\\'), min_size=1)
_KEYWORDS = {"machine", "default", "macdef", "login", "user", "password", "account"}
_ENTRY = st.tuples(_WORD.map(str.lower), _WORD, st.one_of(_WORD, _QUOTED.map('"{}"'.format)))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_ENTRY, max_size=5, unique_by=lambda entry: entry[0]), st.sampled_from([" ", "\n", "\t", " # x\n"]))
def test_files_are_read_as_python_reads_them(
    tmp_path: Path, entries: list[tuple[str, str, str]], separator: str
) -> None:
    entries = [entry for entry in entries if not _KEYWORDS & set(entry)]
    text = "".join(f"machine {h}{separator}login {u}{separator}password {p}\n" for h, u, p in entries)
    (tmp_path / "netrc").write_text(text)
    pythons = python_netrc.netrc(str(tmp_path / "netrc")).hosts
    own = parse_netrc(text).machines
    assert {host: (one.user, one.password) for host, one in own.items()} == {
        host: (user, password) for host, (user, _, password) in pythons.items()
    }


def test_the_file_is_looked_for_as_curl_does(tmp_path: Path) -> None:
    (tmp_path / "_netrc").write_text("machine a.example login me password secret\n")
    assert load_credentials({"HOME": str(tmp_path)}).headers_for("a.example") == render_basic("me", "secret")
    (tmp_path / "named").write_text("machine a.example login you password secret\n")
    environ = {"HOME": str(tmp_path), "NETRC": str(tmp_path / "named")}
    assert load_credentials(environ).headers_for("a.example") == render_basic("you", "secret")


def test_bytes_that_are_not_text_are_kept(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_bytes(b"machine a.example login me password \xff\n")
    header = load_credentials({"HOME": str(tmp_path)}).headers_for("a.example")
    assert header == {"Authorization": "Basic bWU6/w=="}
