"""The licence in the metadata of a wheel (PyPA specification "Core metadata")."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message

from .classifiers import SPDX_OF_CLASSIFIERS
from .stated import normalize_expression

_LONGEST_NAME = 100
"""Characters of a ``License`` field; longer ones are the text of a licence."""


def find_license(headers: Message) -> str | None:
    """Return the stated licence: an SPDX expression if the project states one in any way, else what it states instead.

    ``License-Expression`` comes first, then ``License``, then the classifiers.
    """
    texts = list(_list_texts(headers))
    return next((one for text in texts if (one := normalize_expression(text))), texts[0] if texts else None)


def _list_texts(headers: Message) -> Iterator[str]:
    expression, stated = (" ".join(str(headers[key] or "").split()) for key in ("License-Expression", "License"))
    if expression:
        yield expression
        return
    if stated and len(stated) <= _LONGEST_NAME and stated.upper() != "UNKNOWN":
        yield stated
    names = list(_list_classifiers(headers))
    # How several licences belong together, classifiers do not say.
    if len(names) == 1 and names[0] in SPDX_OF_CLASSIFIERS:
        yield SPDX_OF_CLASSIFIERS[names[0]]
    elif names:
        yield ", ".join(names)


def _list_classifiers(headers: Message) -> Iterator[str]:
    for classifier in map(str, headers.get_all("Classifier", [])):
        parts = [part.strip() for part in classifier.split("::")]
        if parts[0] == "License" and parts[-1] != "OSI Approved":
            yield " ".join(parts[-1].split())
