"""The notices of a template: the texts of the licences of what is linked into it, which come with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cs_stamp import Template

from ..licenses.texts import clean_text

NOTICES_NAME = "cs-template.notices.txt"
"""The file's name next to a template, and in ``dist-info/licenses`` of a wheel of one."""

_DISTRIBUTION = "cs-template"


def find_template_notices(template: Template) -> bytes | None:
    """Return the notices next to a template, or else those of the distribution that installed it.

    :returns: UTF-8 without control characters; ``None`` if there are none.
    """
    for path in _list_places(template):
        if path.is_file():
            return clean_text(path.read_bytes()) or None
    return None


def _list_places(template: Template) -> Iterator[Path]:
    # Imported on use: most commands read no metadata.
    from importlib.metadata import distributions

    yield template.path.with_name(NOTICES_NAME)
    for name in (_DISTRIBUTION, f"{_DISTRIBUTION}-{template.mark.target}"):
        for distribution in distributions(name=name):
            files = [Path(str(file.locate())) for file in distribution.files or ()]
            if any(file.name == template.path.name and _is_same(file, template.path) for file in files):
                yield from (file for file in files if file.name == NOTICES_NAME)


def _is_same(one: Path, other: Path) -> bool:
    return one.is_file() and one.samefile(other)
