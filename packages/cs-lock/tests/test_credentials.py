"""Secrets stay out, in every spelling that a library would accept."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rattler import LockFile

from cs_lock import LockError, derive, judge_url, read_lock, redact_url

Make = Callable[..., Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]


@pytest.mark.parametrize(
    "url",
    [
        "https://x.org/c/linux-64/a-1-0.conda",
        "HTTPS://X.org:8443/c",
        "http://[::1]:8080/c/",
        "https://x.org/c/a@1.conda",
        "https://x.org/@scope/c/",
        "https://x.org/c/linux-64/x264-1%21164.3-h0_0.conda",
        "https://x.org/c/t",
        "https://x.org/cat/t/",
        "https://x.org/tt/tok/c",
        "https://t/conda/linux-64/a-1-0.conda",
        "oci://ghcr.io/channel-mirrors/conda-forge/linux-64/a-1-0.conda",
        "file:///home/t/pkgs/a-1-0.conda",
        "/home/t/what?/#1/a@b-1-0.conda",
        "../t/x/a-1-0.conda",
        "C:\\t\\x\\a-1-0.conda",
        "conda-forge",
        "conda-forge::numpy >=1",
        "",
    ],
)
def test_a_location_without_secrets_may_ship_as_it_is(url: str) -> None:
    verdict = judge_url(url)
    assert (verdict.exposure, verdict.redacted) == (None, url)


@pytest.mark.parametrize(
    ("url", "exposure", "redacted"),
    [
        ("https://u@x.org/c", "user", "https://***@x.org/c"),
        ("https://u:p@x.org:80/c", "user", "https://***@x.org:80/c"),
        ("https://@x.org/c", "user", "https://***@x.org/c"),
        ("https://:@x.org/c", "user", "https://***@x.org/c"),
        ("https://a@b@x.org/c", "user", "https://***@x.org/c"),
        ("oci://u:p@ghcr.io/c", "user", "oci://***@ghcr.io/c"),
        ("https://x.org/t/abc/c", "token", "https://x.org/t/***/c"),
        ("https://x.org/T/abc", "token", "https://x.org/T/***"),
        ("https://x.org/a//t//abc/c", "token", "https://x.org/a//t//***/c"),
        ("https://x.org/t/t/abc/c", "token", "https://x.org/t/***/***/c"),
        ("https://x.org/t/a%2Bc/c", "token", "https://x.org/t/***/c"),
        ("https://x.org/t/abc/c?x=1", "token", "https://x.org/t/***/c?***"),
        ("https://x.org/c?X-Amz-Signature=abc&y=1#z", "query", "https://x.org/c?***"),
        ("https://x.org/c?", "query", "https://x.org/c?***"),
        ("https://x.org/c#abc", "fragment", "https://x.org/c#***"),
        ("https://x.org/t/<TOKEN>/c", "placeholder", "https://x.org/t/<TOKEN>/c"),
        ("https://x.org/t/%3CTOKEN%3E/c", "placeholder", "https://x.org/t/%3CTOKEN%3E/c"),
        ("https://u@x.org/t/<TOKEN>/c", "user", "https://***@x.org/t/<TOKEN>/c"),
        ("https://x.org/%74/abc/c", "token", "https://***"),
        ("https://x.org%2ft%2fabc/c", "token", "https://***"),
        ("https://x.org/c%3fabc", "query", "https://***"),
        ("https://x.org/c%2523abc", "fragment", "https://***"),
        ("https://x.org/t/x/../abc/c", "token", "https://***"),
        ("https://x.org/./t/./abc/c", "token", "https://***"),
        ("https://x.org\\t\\abc/c", "token", "https://***"),
        ("https://u\\:abc@x.org/c", "user", "https://***"),
        ("https://u%3Fx:abc@x.org/c", "user", "https://***"),
        ("https://u:a/bc@x.org/c", "user", "https://***"),
        ("https:u:abc@x.org/c", "user", "https://***"),
        ("https:////u:abc@x.org/c", "user", "https://***"),
        ("oci:/t/abc/c", "token", "oci://***"),
        ("oci:t/abc/c", "token", "oci://***"),
        ("oci:///t/abc/c", "token", "oci://***"),
        ("oci:/%2ft/abc/c", "token", "oci://***"),
        ("oci:/\\t/abc/c", "token", "oci://***"),
        ("\thttps://u:abc@x.org/c", "user", "***"),
        ("//u:abc@x.org/c", "user", "***"),
        ("user:abc@x.org/c", "user", "***"),
        ("secret://u:abc@x.org/c", "user", "secret://***@x.org/c"),
        ("file:///c/a.conda?abc", "query", "file://***"),
        ("https://x.org/" + "%25" * 5 + "41" + "/%" + "25" * 40 + "41", "encoding", "https://***"),
    ],
)
def test_each_spelling_is_found_and_masked(url: str, exposure: str, redacted: str) -> None:
    verdict = judge_url(url)
    assert (verdict.exposure, verdict.redacted) == (exposure, redacted)
    assert "abc" not in verdict.describe("the package")


def test_redaction_takes_linear_time() -> None:
    for hostile in ("/t" * 200_000, "?" + "sig" * 200_000, "%25" * 200_000, "/%2" + "52" * 200_000, ":@" * 200_000):
        redact_url("https://x.org" + hostile)


def test_a_placeholder_is_told_as_that() -> None:
    verdict = judge_url("https://conda.anaconda.org/t/<TOKEN>/c/linux-64/a-1-0.conda")
    assert verdict.kind == "token-placeholder"
    assert "placeholder <TOKEN>" in verdict.describe("the package")
    assert "revoke" not in verdict.hint
    assert "RATTLER_AUTH_FILE" in verdict.hint


# The secret's letters occur nowhere else, so that any three of them in a message came from it.
_SECRETS = st.text("QZX", min_size=6, max_size=10)
_FORMS = st.sampled_from(
    [
        "https://{}@x.org/c/linux-64/a-1-0.conda",
        "https://{}:{}@x.org/c/linux-64/a-1-0.conda",
        "https://me:{}@x.org/c/linux-64/a-1-0.conda",
        "http://x.org/t/{}/c/linux-64/a-1-0.conda",
        "https://x.org/c/t/{}/linux-64/a-1-0.conda",
        "https://x.org/c/linux-64/a-1-0.conda?{}",
        "https://x.org/c/linux-64/a-1-0.conda?sig={}&b=1",
        "https://x.org/c/linux-64/a-1-0.conda#{}",
        "oci://x.org/t/{}/c/linux-64/a-1-0.conda",
    ]
)


def _encode(draw: Draw, rest: str) -> str:
    chosen = draw(st.sets(st.integers(0, len(rest) - 1), max_size=4))
    return "".join(f"%{ord(char):02x}" if index in chosen else char for index, char in enumerate(rest))


def _turn_slashes(draw: Draw, rest: str) -> str:
    return "".join("\\" if char == "/" and draw(st.booleans()) else char for char in rest)


def _stretch_slashes(draw: Draw, rest: str) -> str:
    stretched = st.sampled_from(["/", "/", "//", "/./", "/x/../", "/%2e/", "\\"])
    return "".join(draw(stretched) if char == "/" else char for char in rest)


def _scatter_blanks(draw: Draw, rest: str) -> str:
    place = draw(st.integers(0, len(rest)))
    blank: str = draw(st.sampled_from(["\t", "\n", "\r"]))
    return rest[:place] + blank + rest[place:]


def _raise_case(_draw: Draw, rest: str) -> str:
    return rest.replace("/t/", "/T/")


_TRICKS = [_encode, _turn_slashes, _stretch_slashes, _scatter_blanks, _raise_case]


@st.composite
def _spellings(draw: Any) -> tuple[str, str]:
    """Return a secret, and a URL with it that a library would understand."""
    secret = draw(_SECRETS)
    scheme, _, rest = draw(_FORMS).format(secret, secret).partition("://")
    for trick in draw(st.lists(st.sampled_from(_TRICKS), max_size=4)):
        rest = trick(draw, rest)
    scheme = draw(st.sampled_from([scheme, scheme.upper(), scheme.title(), f" {scheme}"]))
    return secret, scheme + draw(st.sampled_from(["://", "://", ":\\\\", ":/", ":///", ":"])) + rest


def decode_often(text: str) -> Iterator[str]:
    """Yield a text as it is and after each round of decoding."""
    for _ in range(10):
        yield text
        text = unquote(text)


def holds(text: str, secret: str) -> bool:
    """Tell whether a text has a part of a secret, decoded or not."""
    parts = [secret[start : start + 3] for start in range(len(secret) - 2)]
    return any(part in form for form in decode_often(text) for part in parts)


def has_mark(text: str) -> bool:
    """Tell whether a text has, decoded or not, what makes a part of a URL a secret: ``@``, ``?``, ``#`` or ``/t/``."""
    return any(re.search(r"[@?#]|[/\\][tT][/\\]", form) for form in decode_often(text))


@settings(max_examples=500, deadline=None)
@given(_spellings())
def test_every_spelling_is_refused_and_masked(spelling: tuple[str, str]) -> None:
    secret, url = spelling
    verdict = judge_url(url)
    assert verdict.exposure not in (None, "placeholder")
    assert not holds(verdict.redacted + verdict.describe("x") + verdict.hint, secret)
    assert redact_url(verdict.redacted) == verdict.redacted


def lock_text(version: int, location: str, channel: str, /, **fields: Any) -> str:
    record: dict[str, Any] = {"sha256": "ab" * 32, "subdir": "linux-64", **fields}
    named = {"name": "a", "version": "1", "build": "0"}
    entry = {"kind": "conda", **named, "url": location} if version < 6 else {"conda": location}
    document = {
        "version": version,
        "platforms": [{"name": "linux-64"}],
        "environments": {
            "default": {"channels": [{"url": channel}], "packages": {"linux-64": [{"conda": location}]}},
        },
        "packages": [{**entry, **record}],
    }
    return yaml.safe_dump(document, width=10**6)


def tell_all(text: str) -> tuple[list[str], str]:
    """Return the kinds of the problems of a lock, and everything that is shown of it."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "pixi.lock")
        path.write_text(text)
        source = read_lock(path)
        lock = derive(source, environment="default", strict=False, exclude=["b"], require=["c"])
        told = [str(lock.channels), str(lock.packages("linux-64")), str(lock.exclusions)]
        told += [json.dumps(problem.to_dict()) + str(problem) for problem in lock.problems]
        with pytest.raises(LockError) as caught:
            derive(source, environment="default")
        error = caught.value
        told += [str(error), repr(error), str(error.actual), str(error.hint), str(error.key)]
        return [problem.kind for problem in lock.errors], "\n".join(told)


CLEAN = "https://x.org/c/linux-64/a-1-0.conda"


@settings(max_examples=150, deadline=None)
@given(_spellings(), st.sampled_from([1, 4, 5, 6, 7]))
def test_nothing_of_a_secret_is_told_wherever_it_stands(spelling: tuple[str, str], version: int) -> None:
    secret, url = spelling
    places = [
        lock_text(version, url, "https://x.org/c"),
        lock_text(version, CLEAN, url),
        lock_text(version, CLEAN, "https://x.org/c", channel=url),
        lock_text(version, url, url, sha256=url),
        lock_text(version, url, url, subdir=None),
    ]
    for text in places:
        kinds, told = tell_all(text)
        assert kinds
        assert not holds(told, secret)


@settings(max_examples=100, deadline=None)
@given(
    _SECRETS,
    _FORMS,
    st.sampled_from(["{}", "{}::b", 'b[url="{}"]', "b @ {}", "(see {})"]),
    st.sampled_from(["depends", "constrains", "run_exports"]),
)
def test_a_secret_within_a_dependency_is_refused(secret: str, form: str, spec: str, field: str) -> None:
    text = spec.format(form.format(secret, secret))
    value = {"weak": [text]} if field == "run_exports" else [text]
    kinds, told = tell_all(lock_text(7, CLEAN, "https://x.org/c", **{field: value}))
    assert "credentials" in kinds
    assert not holds(told, secret)


@pytest.mark.parametrize("page", ["https://x.org/licence.html?page=2#terms", "https://x.org/t", "GPL-2.0 // MIT"])
def test_a_licence_may_be_the_address_of_a_page(page: str, tmp_path: Path) -> None:
    path = tmp_path / "pixi.lock"
    path.write_text(lock_text(7, CLEAN, "https://x.org/c", license=page))
    (record,) = derive(read_lock(path), environment="default").packages("linux-64")
    assert record.license == page


@settings(max_examples=200, deadline=None)
@given(_spellings())
@example(("QQQQQQ", "oci:/x.org\\x/../t/QQQQQQ/c/linux-64\\a-1-0.conda"))
def test_what_rattler_would_send_a_secret_to_is_refused(spelling: tuple[str, str]) -> None:
    r"""The ``url`` crate reads the location; where the secret survives as rattler spells it, we have to have seen it.

    ``/t\x/../SECRET`` becomes ``/SECRET``, which asks as nobody: that is not a secret any longer, and we refuse what is
    in the lock.
    """
    secret, url = spelling
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "pixi.lock")
        path.write_text(lock_text(7, url, "https://x.org/c", name="a", version="1", build="0"))
        try:
            environment = LockFile.from_path(path).environment("default")
        except Exception:
            return  # no URL at all for rattler
    assert environment is not None
    locations = [p.location for packages in dict(environment.packages_by_platform()).values() for p in packages]
    shown = [location for location in locations if holds(location, secret) and has_mark(location)]
    assert all(judge_url(location).exposure for location in shown)
