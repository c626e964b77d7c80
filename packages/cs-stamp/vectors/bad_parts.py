"""Stamps that hold together, with a part that no reader may accept."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from typing import Any

from samples import EMBEDDED, HEADER, PACKAGES, PLAN, REQUIREMENTS, TEMPLATE, WHEELS, Stamp, render
from signed_files import Bad

from cs_stamp._header import CHOICES
from cs_stamp._launch import launch_block


def bad_parts(stamp: Stamp) -> Bad:
    """Return name, error kind, damaged part, description and bytes of every such file."""
    header: dict[str, Any] = json.loads(stamp.parts["header"])
    plan: dict[str, Any] = json.loads(stamp.parts["plan"])
    missing = {key: value for key, value in header.items() if key != "delegate"}
    short_digest = {**plan, "packages": [{**plan["packages"][0], "sha256": "11"}]}
    contents = {
        "header-not-json": ("header", "the header is YAML", b"runtime: demo\n"),
        "header-not-an-object": ("header", "the header is a JSON list", b"[]"),
        "header-not-utf8": ("header", "the header is Latin-1", '{"runtime":"größe"}'.encode("latin-1")),
        "header-missing-key": ("header", "there is no delegate", render(missing)),
        "header-wrong-type": ("header", "freeze_base is a string", render({**header, "freeze_base": "no"})),
        "header-unknown-layout": ("header", "the layout is one of no release", render({**header, "layout": "floppy"})),
        "header-empty": ("header", "the header has no bytes", b""),
        "plan-not-json": ("plan", "the plan is cut in its middle", stamp.parts["plan"][:100]),
        "plan-missing-key": (
            "plan",
            "there are no packages",
            render({k: v for k, v in plan.items() if k != "packages"}),
        ),
        "plan-short-digest": ("plan", "a package's sha256 has two digits", render(short_digest)),
        **_ambiguous_parts(header, plan),
        **_other_forms(header, plan),
        "plan-build-with-a-path": (
            "plan",
            "a build string leads elsewhere",
            render({**plan, "packages": [{**plan["packages"][0], "build": "../../x"}]}),
        ),
        "plan-version-with-a-line-end": (
            "plan",
            "a version has a line end",
            render({**plan, "packages": [{**plan["packages"][0], "version": "1\n2"}]}),
        ),
        "plan-md5-in-capitals": (
            "plan",
            "a digest is in capitals",
            render({**plan, "packages": [{**plan["packages"][0], "md5": "AA" * 16}]}),
        ),
        **_wrong_requirements(plan),
        **_wrong_packages(plan),
        "plan-of-another-platform": ("plan", "the header is for linux-64", render({**plan, "platform": "osx-64"})),
        "launch-empty": ("launch", "the launch part has no bytes", b""),
        **_contradicting_launches(),
        "launch-unknown-version": ("launch", "version 2", struct.pack("<I", 2) + stamp.parts["launch"][4:]),
        "launch-string-past-end": ("launch", "the last string is cut", stamp.parts["launch"][:-9]),
        "launch-too-long": ("launch", "3585 bytes", stamp.parts["launch"].ljust(3585, b"\0")),
    }
    newer = {tag: render({**part, "schema_version": 9}) for tag, part in (("header", header), ("plan", plan))}
    files: Bad = {
        name: ("damaged", tag, about, TEMPLATE + stamp.replace_part(tag, data).assemble())
        for name, (tag, about, data) in contents.items()
    }
    for tag, data in newer.items():
        changed = TEMPLATE + stamp.replace_part(tag, data).assemble()
        files[f"{tag}-of-a-newer-schema"] = ("unsupported-version", tag, "schema version 9", changed)
    return files


def _wrong_packages(plan: dict[str, Any]) -> dict[str, tuple[str, str, bytes]]:
    """Return plans whose packages, conda packages and wheels, break a rule."""
    package, (wheel, other) = plan["packages"][0], (one.to_dict() for one in WHEELS)
    mixed: dict[str, Any] = {**plan, "schema_version": 2}
    both, namesake = {**mixed, "packages": [package, wheel]}, {**other, "name": wheel["name"]}
    changes: dict[str, tuple[str, dict[str, Any]]] = {
        "of-no-kind": ("null stands for a kind", {"kind": None}),
        "of-another-kind": ("there is no such kind", {"kind": "sdist"}),
        "with-an-md5": ("wheels have no MD5", {"md5": "22" * 16}),
        "named-as-a-conda-archive": ("the file is not a wheel", {"file_name": "six-1.17.0-0.conda"}),
        "not-in-normal-form": ("the name has a capital letter", {"name": "Six"}),
        "ending-in-a-dash": ("the name ends in a dash", {"name": "six-"}),
        "with-two-dashes": ("the name has two dashes in a row", {"name": "a--b"}),
        "with-a-line-end": ("the text for direct_url.json has a line end", {"direct_url": "{\n}"}),
        "with-an-object": ("an object stands for the text of direct_url.json", {"direct_url": {}}),
    }
    packages: dict[str, tuple[str, dict[str, Any]]] = {
        f"wheel-{name}": (about, {**mixed, "packages": [package, {**wheel, **change}]})
        for name, (about, change) in changes.items()
    }
    for key in sorted(wheel.keys() - {"kind"}):
        fields = {name: value for name, value in wheel.items() if name != key}
        about = f"a wheel has no {key}"
        packages[f"wheel-without-{key.replace('_', '-')}"] = (about, {**mixed, "packages": [package, fields]})
    packages |= {
        "wheel-as-a-list": ("values without their keys", {**mixed, "packages": [package, [*wheel.values()]]}),
        "wheel-of-schema-one": ("schema 1 has no wheels", {**plan, "packages": [package, wheel]}),
        "schema-two-without-a-wheel": ("plans without wheels are of schema 1", mixed),
        "wheel-before-a-conda-package": ("wheels come last", {**mixed, "packages": [wheel, package]}),
        "wheels-of-one-name": ("two wheels have one name", {**mixed, "packages": [package, wheel, namesake]}),
        "wheel-without-python": ("there is no Python for the wheel", {**both, "python": None}),
        "conda-package-named-as-a-wheel": (
            "a wheel without a kind",
            {**plan, "packages": [{**package, "file_name": wheel["file_name"]}]},
        ),
        "packages-of-one-name": ("two packages have one name", {**plan, "packages": [package, package]}),
    }
    return {f"plan-{name}": ("plan", about, render(value)) for name, (about, value) in packages.items()}


def _wrong_requirements(plan: dict[str, Any]) -> dict[str, tuple[str, str, bytes]]:
    """Return plans with a requirement that breaks a rule."""
    changes: dict[str, tuple[str, dict[str, Any]]] = {
        "without-an-operator": ("a comparison has no operator", {"versions": ["2.17"]}),
        "of-a-pre-release": ("a comparison has letters in its version", {"versions": ["<3.0.a0"]}),
        "of-ten-digits": ("a number of a version has ten digits", {"versions": [">=1234567890"]}),
        "of-nine-numbers": ("a version has nine numbers", {"versions": [">=1.2.3.4.5.6.7.8.9"]}),
        "of-level-one": ("a level that every processor has", {"x86_64_level": 1}),
        "of-level-five": ("a level that no processor has", {"x86_64_level": 5}),
        "with-a-line-end": ("a spec has two lines", {"spec": "__glibc\n>=2"}),
        "of-a-path": ("a package's name is a path", {"package": "../python"}),
        "needed-by-number": ("a number stands for a boolean", {"is_needed": 1}),
    }
    one = REQUIREMENTS[0].to_dict()
    vectors = {
        f"plan-requirement-{name}": ("plan", why, render({**plan, "requirements": [{**one, **change}]}))
        for name, (why, change) in changes.items()
    }
    values = {**plan, "requirements": [[*one.values()]]}
    missing = {**plan, "requirements": [{key: value for key, value in one.items() if key != "x86_64_level"}]}
    return {
        **vectors,
        "plan-requirement-as-a-list": ("plan", "values without their keys", render(values)),
        "plan-requirement-without-a-level": ("plan", "a requirement lacks a key", render(missing)),
        "plan-requirements-null": ("plan", "null stands for no requirements", render({**plan, "requirements": None})),
    }


def _ambiguous_parts(header: dict[str, Any], plan: dict[str, Any]) -> dict[str, tuple[str, str, bytes]]:
    """Return what JSON readers could take differently, in keys that no reader knows."""
    values = {
        "large-number": ("an integer of more than 64 bits", str(1 << 63)),
        "long-number": ("an integer of 5,000 digits", "9" * 5000),
        "fraction": ("a number that is not an integer", "1.5"),
        "deep": ("33 levels", "[" * 32 + "]" * 32),
        "repeated-key": ("a key stands twice", '{"a":1,"a":2}'),
        "unsorted-keys": ("keys are out of order", '{"b":1,"a":2}'),
        "surrogate": ("half of a pair", '"\\ud800"'),
        "not-a-number": ("NaN", "NaN"),
    }
    parts: dict[str, tuple[str, str, bytes]] = {}
    for tag, part in (("header", header), ("plan", plan)):
        text = render({**part, "zz_unknown": None}).decode()
        for name, (about, value) in values.items():
            replaced = text.replace('"zz_unknown":null', f'"zz_unknown":{value}')
            parts[f"{tag}-{name}"] = (tag, about, replaced.encode())
    parts["header-control-character"] = ("header", "a name rings the bell", render({**header, "delegate": "a\a"}))
    return parts


def _other_forms(header: dict[str, Any], plan: dict[str, Any]) -> dict[str, tuple[str, str, bytes]]:
    """Return lists of values in place of objects, and objects in place of words, as some readers take them."""
    package = PACKAGES[0].to_dict()
    python = [plan["python"][key] for key in ("version", "site_packages_path")]
    values: dict[str, tuple[str, str, Any]] = {
        "header-as-a-list": ("header", "values without their keys", [header[key] for key in HEADER.to_dict()]),
        "plan-as-a-list": ("plan", "values without their keys", [plan[key] for key in PLAN.to_dict()]),
        "plan-python-as-a-list": ("plan", "values without their keys", {**plan, "python": python}),
        "plan-package-as-a-list": ("plan", "values without their keys", {**plan, "packages": [[*package.values()]]}),
        "plan-noarch-as-an-object": (
            "plan",
            "a word stands as a key",
            {**plan, "packages": [{**package, "noarch": {"generic": None}}]},
        ),
    }
    for key in CHOICES:
        name = f"header-{key.replace('_', '-')}-as-an-object"
        values[name] = ("header", "a word stands as a key", {**header, key: {header[key]: None}})
    return {name: (tag, about, render(value)) for name, (tag, about, value) in values.items()}


def _contradicting_launches() -> dict[str, tuple[str, str, bytes]]:
    """Return launch parts that are well formed, and contradict the header."""
    others = {
        "another-delegate": ("the delegate is another", replace(EMBEDDED, delegate="other")),
        "another-prefix": ("the prefix is another", replace(EMBEDDED, install_name="other")),
        "another-runtime": ("the runtime is another", replace(EMBEDDED, runtime="other")),
        "another-activation": ("a flag is set", replace(EMBEDDED, activation="full")),
        "other-words": ("the runtime's own words are others", replace(EMBEDDED, commands="self")),
    }
    launches = {
        f"launch-with-{name}": ("launch", about, launch_block(header)) for name, (about, header) in others.items()
    }
    delegate = launch_block(EMBEDDED).replace(b"bin/python", b"../../id.x")
    return {**launches, "launch-out-of-the-prefix": ("launch", "the delegate is not in the prefix", delegate)}
