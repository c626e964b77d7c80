"""What happens to a wheel of the template after maturin has built it: checked, tagged, and made portable.

``python -m foreign.finishing DIRECTORY`` finishes the template's wheels in a directory, on any system.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from .errors import ForeignError
from .portable import find_wheel_target, list_tags, make_portable, read_template
from .products import check_product
from .targets import Target


def finish_wheel(wheel: Path) -> tuple[Path, Path]:
    """Check the template in a platform's own wheel, tag the wheel for every system that the template starts on, and
    make the wheel for machines of other platforms.

    :returns: both wheels, in the same directory. The platform's own has replaced the one before.
    :raises ForeignError: with one sentence, if the template is not what the tags promise.
    """
    target = find_wheel_target(wheel.name)
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(scratch) / target.program
        program.write_bytes(read_template(wheel, target))
        check_product(program, target)
    tagged = _add_tags(wheel, target)
    return tagged, make_portable(tagged, tagged.parent)


def _add_tags(wheel: Path, target: Target) -> Path:
    """Tag a wheel for systems that maturin does not name: it writes either ``manylinux`` or ``musllinux``."""
    missing = [tag for tag in target.wheel_tags if tag not in list_tags(wheel.name)]
    if missing and not all(tag.startswith("musllinux_") for tag in missing):
        raise ForeignError(f"maturin made {wheel.name}, which is not for {', '.join(missing)}")
    if not missing:
        return wheel
    command = [sys.executable, "-m", "wheel", "tags", "--remove", f"--platform-tag=+{'.'.join(missing)}", str(wheel)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return wheel.with_name(done.stdout.strip())


def main(directory: Path) -> None:
    """Finish the wheels of a directory and print their paths.

    :raises ForeignError: if the directory has none of the template's wheels.
    """
    wheels = sorted(directory.glob("cs_template-*.whl"))
    if not wheels:
        raise ForeignError(f"{directory} has no wheel of the template")
    for wheel in wheels:
        print(*finish_wheel(wheel), sep="\n")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except ForeignError as error:
        sys.exit(f"error: {error}")
