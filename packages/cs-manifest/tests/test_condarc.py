from __future__ import annotations

from pathlib import Path

import pytest
from steady import count_calls

from cs_manifest import ManifestError
from cs_manifest._condarc import MAX_SIZE_BYTES, read_condarc

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
)


def write(tmp_path: Path, content: bytes | str) -> Path:
    path = tmp_path / "condarc"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "text", ["channels: [conda-forge]\n", "{}", "# comment\n---\na: &x 1\nb: *x\n", "a: no\nb: 1_0\n", BOMB]
)
def test_a_mapping_is_returned_as_it_is(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    assert read_condarc(path) == text
    count_calls(lambda: read_condarc(path), most=10_000)  # the bomb has 9 to the 30th values


@pytest.mark.parametrize(
    ("content", "message", "line"),
    [
        ("", "is empty", 1),
        ("# nothing\n", "is empty", 1),
        ("- conda-forge\n", "does not contain a mapping", 1),
        ("\nconda-forge\n", "does not contain a mapping", 2),
        ("a: 1\n---\nb: 2\n", "contains more than one document", 3),
        ("a: [1\n", "is not valid YAML", 2),
        ("a: *b\n", "alias \\*b has no anchor", 1),
        (b"a: 1\nb: \xff\n", "is not UTF-8", 2),
        ("a: " + "[" * 50_000, "is nested more than 100 levels deep", 1),
        ("a: '" + "x" * MAX_SIZE_BYTES + "'", "is larger than 256 KiB", None),
        ("a: \x00", "is not valid YAML", None),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_anything_else_is_an_error(tmp_path: Path, content: bytes | str, message: str, line: int | None) -> None:
    path = write(tmp_path, content)
    with pytest.raises(ManifestError, match=message) as caught:
        read_condarc(path)
    assert (caught.value.kind, caught.value.path) == ("condarc-invalid", path)
    if line is not None:
        assert caught.value.line == line


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read: No such file"):
        read_condarc(tmp_path / "condarc")
    with pytest.raises(ManifestError, match="cannot be read: "):
        read_condarc(tmp_path)
    with pytest.raises(ManifestError, match="cannot be read: "):
        read_condarc(tmp_path / ("x" * 5000))


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
@pytest.mark.parametrize("depth", [101, 250, 999, 1001, 5000])
@pytest.mark.parametrize("form", ["[", "{a: ", "- ", "? "])
def test_depth_is_reported_as_depth_by_every_yaml_parser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, depth: int, loader: str
) -> None:
    import yaml

    monkeypatch.setattr(yaml, "CSafeLoader", getattr(yaml, loader))
    with pytest.raises(ManifestError, match="is nested more than 100 levels deep"):
        read_condarc(write(tmp_path, f"a:\n  {form * depth}"))


@pytest.mark.parametrize("line", ["anaconda_token: QZX", "password: 'QZX'", "a:\n  - my_secret: QZX", 'Token: "QZX"'])
def test_a_value_with_the_key_of_a_secret_is_refused_and_not_shown(tmp_path: Path, line: str) -> None:
    path = tmp_path / "condarc"
    path.write_text(f"channels: [c]\n{line}\n")
    with pytest.raises(ManifestError) as caught:
        read_condarc(path)
    assert caught.value.kind == "credentials"
    assert "QZX" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "add_anaconda_token: true",
        "token: ${TOKEN}",
        "password: '$PASSWORD'",
        "channels: [token, x]",
        "secret:",
        "# token: x",
    ],
)
def test_a_switch_and_a_variable_are_not_secrets(tmp_path: Path, line: str) -> None:
    path = tmp_path / "condarc"
    path.write_text(f"a: b\n{line}\n")
    assert read_condarc(path) == path.read_text()
