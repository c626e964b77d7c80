from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from bundle_samples import expect

README = Path(__file__).parents[1] / "README.md"


def read_examples() -> list[str]:
    return [part.split("```")[0] for part in README.read_text(encoding="utf-8").split("```python\n")[1:]]


def test_the_examples_of_the_readme_run(
    archives: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = archives["zlib-1.3-0.conda"]
    for other in archives.values():
        if other != one:
            other.unlink()
    monkeypatch.chdir(tmp_path)
    (wanted,) = expect([one])
    whole = sha256()
    names: dict[str, Any] = {"archives": [one], "digest_of_the_whole_file": whole}
    write, append, fetch = (
        example.replace('sha256="..."', f'sha256="{wanted.sha256}"')
        .replace("12345", str(wanted.size_bytes))
        .replace("https://.../zlib-1.3-0.conda", one.as_uri())
        for example in read_examples()
    )
    exec(compile(write, str(README), "exec"), names)
    assert "['zlib-1.3-0.conda']" in capsys.readouterr().out
    Path("installer").touch()
    with Path("demo.bundle.tar.zst").open("rb") as open_file:
        names["open_file"] = open_file
        exec(compile(append, str(README), "exec"), names)
    assert whole.hexdigest() == sha256(Path("installer").read_bytes()).hexdigest()
    exec(compile(fetch, str(README), "exec"), names)
    assert [path.read_bytes() for path in names["paths"]] == [one.read_bytes()]
