"""Whatever the entry of a PyPI package contains: it ships as rattler reads it, or it is refused with one error."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cs_lock import LockError, derive, read_lock
from lock_samples import build_package, render_source
from pypi_samples import COMMIT, FILES, digest, in_version, python, write_as_rattler

SECRET = "QQQQQQ"
HOSTILE: list[Any] = [
    *(
        "",
        " ",
        ".",
        "..",
        "../../x",
        "/",
        "//x.org/a-1-py3-none-any.whl",
        "é",
        "\0",
        "a\nb",
        "\u2028",
        "\ud7ff",
        "~",
        "a" * 5000,
    ),
    *(
        "-1",
        "1:30",
        "1e5",
        "0x1",
        "null",
        "true",
        "@",
        "#",
        "[",
        "{",
        "'",
        '"',
        "%00",
        "%2e%2e%2f",
        "C:\\x",
        "$(x)",
        "<x>",
    ),
    *(None, [], {}, [[]], [{}], {"a": "b"}, [None], 1, -1, 1 << 70, 1.5, True),
]
LOCATIONS = [
    f"{FILES}/a-1.0-py3-none-any.whl",
    f"{FILES}/a-1.0.tar.gz",
    "direct+https://x.org/a-1.0-py3-none-any.whl",
    f"direct+https://x.org/a-1.0-py3-none-any.whl#sha256={'ab' * 32}",
    f"https://x.org/a-1.0-py3-none-any.whl?token={SECRET}",
    f"https://{SECRET}@x.org/a-1.0-py3-none-any.whl",
    f"https://x.org/t/{SECRET}/a-1.0-py3-none-any.whl",
    f"direct+https://me:{SECRET}@x.org/a-1.0.zip",
    f"git+https://{SECRET}:x@x.org/a.git#{COMMIT}",
    f"git+https://x.org/a.git?token={SECRET}#{COMMIT}",
    f"git+ssh://git:{SECRET}@x.org/a.git#{COMMIT}",
    f"git+https://x.org/a.git?subdirectory=%2e%2e%2f..#{COMMIT}",
    "git+",
    "git+#",
    "direct+",
    "direct+direct+https://x.org/a-1.0-py3-none-any.whl",
    "https://x.org/%61-1.0-py3-none-any.whl",
    "https://x.org/a-1.0-py3-none-any.WHL",
    "https://[::1/a-1.0-py3-none-any.whl",
    "./a-1.0-py3-none-any.whl",
    "file://host/a-1.0-py3-none-any.whl",
    f"file:///a-1.0-py3-none-any.whl?{SECRET}",
    "./a\\b",
    "https://x.org/" + "a" * 300 + "-1.0-py3-none-any.whl",
    f"https://x.org/a-1.0-{'.'.join(['py3'] * 60)}-none-any.whl",
]
REQUIREMENTS = [
    *(
        "b",
        "b[x]>1",
        f"b @ https://u:{SECRET}@x.org/b.whl",
        "b @ ../b",
        "b @ file:///home/x",
        "b ; extra == 'x'",
        "b;;",
        "b @",
    ),
    *(
        "b; python_version in '3.8 3.9' and extra == 'x'",
        "b; (",
        "b; ((((os_name=='x'",
        "===",
        "b===x",
        "b>=1.*",
        "b @ @ @",
    ),
]
FIELDS = {
    "name": st.sampled_from(["a", "A_.b", "a/b", "-a"]),
    "version": st.sampled_from(["1.0", "1.0-alpha", "v1", "1.x", "2!1+Ab_c"]),
    "sha256": st.sampled_from(["AB" * 32, "0" * 64, "1" * 64, "ab"]),
    "md5": st.just("ab" * 16),
    "index": st.sampled_from(
        ["https://X.org", f"https://{SECRET}@x.org/simple", "x.org/simple", "ftp://x.org", "https://x.org?"]
    ),
    "requires_dist": st.lists(st.sampled_from(REQUIREMENTS), max_size=3),
    "requires_python": st.sampled_from([">=3.8", "<4,>=3", "3", ">=3.*", "*"]),
    "editable": st.booleans(),
    "subdirectory": st.just("x"),
}
ENTRIES = st.fixed_dictionaries(
    {"pypi": st.sampled_from(LOCATIONS) | st.sampled_from([one for one in HOSTILE if isinstance(one, str) and one])},
    optional={name: valid | st.sampled_from(HOSTILE) for name, valid in FIELDS.items()},
)


@settings(max_examples=400, deadline=None)
@given(ENTRIES, st.booleans(), st.sampled_from([1, 4, 5, 6, 7]))
@example({"pypi": LOCATIONS[4], "name": "a"}, False, 6)
@example({"pypi": LOCATIONS[8], "name": "a"}, False, 7)
def test_an_entry_ships_or_is_refused(entry: dict[str, Any], is_complete: bool, version: int) -> None:
    if is_complete:
        entry = {"name": "a", "version": "1.0", "sha256": digest("a"), **entry}
    text = render_source(
        {"default": {"linux-64": [python(build_package)]}}, version, foreign=[in_version(entry, version)]
    )
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "pixi.lock")
        path.write_text(text, encoding="utf-8")
        told = ""
        try:
            lock = derive(read_lock(path), environment="default", strict=False)
            told = json.dumps([problem.to_dict() for problem in (*lock.problems, *lock.describe_pending())])
            told += repr(lock.wheels("linux-64")) + str(lock.exclusions)
            rendered = lock.render()
        except LockError as error:
            told += f"{error} {error.hint} {error.expected} {error.actual}"
        else:
            assert yaml.safe_load(write_as_rattler(rendered, Path(directory))) == yaml.safe_load(rendered)
            path.write_bytes(rendered)
            assert derive(read_lock(path), environment="default").render() == rendered
            told += rendered.decode()
        assert SECRET not in told
