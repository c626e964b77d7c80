"""The launch part."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from cs_stamp import DamagedStampError, StampTooLargeError
from cs_stamp._launch import check_launch, launch_block, literal_path, name_variable
from stamp_samples import make_header


def read_strings(block: bytes) -> list[str]:
    strings, position = [], 12
    while position < len(block):
        (size,) = struct.unpack_from("<H", block, position)
        strings.append(block[position + 2 : position + 2 + size].decode())
        position += size + 3
    return strings


def test_launch_holds_what_the_format_page_lists() -> None:
    block = launch_block(make_header())
    assert struct.unpack_from("<IIHH", block) == (1, 0, 6, 0)
    assert read_strings(block)[:5] == [
        ".conda/demo",
        "bin/python",
        ".demo.json",
        '{"schema_version":1,"stamp":"',
        "DEMO_PREFIX",
    ]
    words = set(read_strings(block)[5].split("\n"))
    assert {"bootstrap", "status", "shell", "rollback", "uninstall", "help", "--path"} <= words
    assert not {"--help", "--version"} & words


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({"commands": "self"}, 0),
        ({"activation": "full"}, 1),
        ({"install_scheme": "user-data"}, 2),
        ({"commands": "self", "activation": "full", "install_scheme": "user-data"}, 3),
    ],
)
def test_each_option_has_its_flag(changes: dict[str, Any], flags: int) -> None:
    assert struct.unpack_from("<I", launch_block(make_header(**changes)), 4) == (flags,)


def test_user_data_prefix_is_not_hidden() -> None:
    assert read_strings(launch_block(make_header(install_scheme="user-data")))[0] == "conda/demo"


def test_conda_has_no_prefix_variable_but_its_own_words() -> None:
    strings = read_strings(launch_block(make_header(runtime="conda", delegate="conda")))
    assert strings[4] == ""
    assert {"activate", "deactivate", "init"} <= set(strings[5].split("\n"))


def test_other_delegates_keep_their_activate() -> None:
    assert "activate" not in read_strings(launch_block(make_header()))[5].split("\n")


def test_self_commands_keep_one_word() -> None:
    assert read_strings(launch_block(make_header(commands="self")))[5] == "self"


@pytest.mark.parametrize("platform", ["linux-64", "win-64"])
def test_the_delegate_is_where_the_builder_found_it(platform: str) -> None:
    header = make_header(platform=platform, delegate_path="Scripts/tool.bat")
    assert read_strings(launch_block(header))[1] == "Scripts/tool.bat"


@pytest.mark.parametrize(("platform", "expected"), [("linux-64", "bin/python"), ("win-64", "python")])
def test_without_a_path_a_windows_delegate_is_a_name_that_the_runtime_looks_for(platform: str, expected: str) -> None:
    assert read_strings(launch_block(make_header(platform=platform)))[1] == expected


@pytest.mark.parametrize(
    ("path", "keeps"),
    [("bin/conda", True), ("Scripts/conda.exe", True), ("condabin/conda.bat", True), ("x/condo", False)],
)
def test_conda_is_known_by_the_name_of_its_file(path: str, keeps: bool) -> None:
    words = read_strings(launch_block(make_header(delegate_path=path)))[5].split("\n")
    assert ("activate" in words) == keeps


@pytest.mark.parametrize(
    ("runtime", "variable"),
    [("demo", "DEMO_PREFIX"), ("my-tool.x", "MY_TOOL_X_PREFIX"), ("7zip", "7ZIP_PREFIX"), ("größe", "GR__E_PREFIX")],
)
def test_variables_follow_from_the_name(runtime: str, variable: str) -> None:
    assert name_variable(runtime, "PREFIX") == variable


def test_names_too_long_for_the_launch_part_are_refused() -> None:
    with pytest.raises(StampTooLargeError, match=r"the launch part would take .* bytes; the limit is 3584") as caught:
        launch_block(make_header(runtime="x" * 1800))
    assert caught.value.part == "launch"


@pytest.mark.parametrize(
    "block",
    [
        b"",
        launch_block(make_header()) + b"\0",
        launch_block(make_header())[:-1],
        launch_block(make_header(delegate="other")),
        launch_block(make_header(install_name="other")),
        launch_block(make_header(activation="full")),
        launch_block(make_header()).replace(b"bin/python", b"../bin/evil"[:10]),
        launch_block(make_header()).replace(b"status", b"states"),
    ],
)
def test_a_launch_part_that_does_not_follow_from_the_header_is_refused(block: bytes) -> None:
    check_launch(launch_block(make_header()), make_header())
    with pytest.raises(DamagedStampError, match="it contradicts the header") as caught:
        check_launch(block, make_header())
    assert caught.value.part == "launch"


@pytest.mark.parametrize("position", range(len(launch_block(make_header()))))
def test_every_byte_of_the_launch_part_counts(position: int) -> None:
    block = bytearray(launch_block(make_header()))
    block[position] ^= 1
    with pytest.raises(DamagedStampError):
        check_launch(bytes(block), make_header())


def test_a_literal_path_has_no_variables_in_it() -> None:
    assert literal_path("/a/$HOME/${B}/$$") == "/a/$$HOME/$${B}/$$$$"
    assert literal_path("/a/~/b") == "/a/~/b"
