"""Requirements, versions and indexes of wheels in the form that rattler writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ._blocks import Node
from ._document import parse_text
from ._errors import LockError
from ._fields import RecordReader
from ._pypi_rendering import render_entry
from ._wheels import Wheel

_MAX_PASSES = 4
_HEAD = """version: 7
platforms:
- name: linux-64
environments:
  default:
    channels: []
    packages:
      linux-64:
"""


class Form(NamedTuple):
    """What rattler writes in a form of its own."""

    requires_dist: tuple[str, ...]
    requires_python: str | None
    index_url: str | None


def find_forms(wheels: Iterable[Wheel]) -> dict[Form, Form]:
    """Find rattler's form of what wheels require; what rattler cannot read is missing in the result.

    Rattler rewrites markers and sorts version specifiers, and nothing but its own code does the same.
    """
    forms = list(dict.fromkeys(map(form_of, wheels)))
    found = {form: form for form in forms if not any(form)}
    asked = [form for form in forms if any(form)]
    if not asked:
        return found
    try:
        return found | dict(zip(asked, _settle(asked), strict=True))
    except LockError:
        return found | {form: one for form in asked for one in _try(form)}


def form_of(wheel: Wheel) -> Form:
    """Return what a wheel has in one form or another."""
    return Form(wheel.requires_dist, wheel.requires_python, wheel.source.index)


def reform(wheel: Wheel, forms: Mapping[Form, Form]) -> Wheel:
    """Return a wheel with rattler's form of what it requires.

    :raises LockError: ``invalid-value`` if rattler cannot read it.
    """
    form = forms.get(form_of(wheel))
    if form is None:
        raise _describe_unreadable(wheel)
    source = replace(wheel.source, index=form.index_url)
    return replace(wheel, requires_dist=form.requires_dist, requires_python=form.requires_python, source=source)


def _try(form: Form) -> list[Form]:
    try:
        return _settle([form])
    except LockError:
        return []


def _settle(forms: Sequence[Form]) -> list[Form]:
    """Return forms that rattler writes as it reads them; some change more than once."""
    settled = list(forms)
    for _ in range(_MAX_PASSES):
        before, settled = settled, _write_again(settled)
        if settled == before:
            break
    return settled


def _write_again(forms: Sequence[Form]) -> list[Form]:
    """Let rattler read a lock with these forms and write it.

    :raises LockError: if rattler cannot read it.
    """
    from rattler import LockFile

    names = [f"https://x.org/p{number:06}-1-py3-none-any.whl" for number in range(len(forms))]
    lines = [_HEAD + "\n".join(f"      - pypi: {name}" for name in names), "packages:"]
    for name, form in zip(names, forms, strict=True):
        lines += render_entry(name, "p", "1", "0" * 64, form.index_url, form.requires_dist, form.requires_python)
    with TemporaryDirectory(prefix="cs-lock-") as directory:
        path = Path(directory, "pixi.lock")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        try:
            LockFile.from_path(path).to_path(path)
        except Exception as error:  # rattler has no one class of errors
            raise LockError(str(error), kind="invalid-value") from error
        document = parse_text(path.read_text(encoding="utf-8"), path)
    return [_read_form(entry) for entry in document["packages"]]


def _read_form(entry: Mapping[str, Node]) -> Form:
    reader = RecordReader(entry, "packages")
    return Form(reader.texts("requires_dist"), reader.line("requires_python"), reader.line("index"))


def _describe_unreadable(wheel: Wheel) -> LockError:
    """Say which of a wheel's requirements rattler cannot read."""
    form = form_of(wheel)
    parts = [("requires_dist", one, Form((one,), None, None)) for one in form.requires_dist]
    parts.append(("requires_python", str(form.requires_python), Form((), form.requires_python, None)))
    parts.append(("index", str(form.index_url), Form((), None, form.index_url)))
    field, text = next(((field, text) for field, text, part in parts if any(part) and not _try(part)), parts[-1][:2])
    message = f"the PyPI package {wheel.name} has a {field} that cannot be read: {text[:200]!r}"
    hint = "build the wheel again with valid metadata" if wheel.is_local else "lock the workspace again"
    return LockError(message, kind="invalid-value", key=f"{wheel.source.key}.{field}", hint=hint)
