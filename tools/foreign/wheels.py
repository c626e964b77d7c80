"""Wheels of the template, one for each platform."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from template_wheel import build_template_wheel

from .compiling import environment
from .finishing import finish_wheel
from .targets import Target


def build_wheels(target: Target, directory: Path) -> list[Path]:
    """Build the platform's own wheel, with the pip and the maturin of this Python, and the one for other machines.

    :raises ForeignError: with one sentence, if the template is not what the tags promise.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        build_template_wheel(Path(scratch), {**os.environ, **environment(target)})
        (wheel,) = Path(scratch).glob("*.whl")
        return [made.replace(directory / made.name) for made in finish_wheel(wheel)]
