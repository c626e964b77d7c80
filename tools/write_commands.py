"""Write what follows from the table of the commands of ``cs``: two parts of the reference, and the man page.

Run it with ``nox -s generate``. A test of ``cs-cli`` checks that nothing differs.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cs_cli.commandline.manual import render_manual
from cs_cli.commandline.table import SUMMARIES, load_commands
from cs_cli.commandline.variables import VARIABLES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "cs.md"
MANUAL = ROOT / "packages" / "cs-cli" / "share" / "man" / "man1" / "cs.1"

_MARKED = re.compile(r"(<!-- nox -s generate: ([a-z -]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)


def fill_page(text: str) -> str:
    """Put each part between the comments of a page that name it.

    :raises KeyError: for a part that is not known.
    """
    return _MARKED.sub(lambda match: f"{match[1]}\n{render_table(match[2])}\n{match[3]}", text)


def render_table(name: str) -> str:
    """Render what a page has of the commands: ``commands`` or ``variables``."""
    if name == "commands":
        width = max(map(len, SUMMARIES))
        lines = (f"cs {key:{width}}  {text}\n" for key, text in SUMMARIES.items())
        return f"```text\n{''.join(lines).replace('`', '')}```\n"
    if name != "variables":
        raise KeyError(name)
    rows = "".join(f"| `{key}` | {text} |\n" for key, text in VARIABLES.items())
    return f"| variable | meaning |\n|---|---|\n{rows}"


def compose_texts() -> dict[Path, str]:
    """Return the text that each file ought to have."""
    return {PAGE: fill_page(PAGE.read_text(encoding="utf-8")), MANUAL: render_manual(load_commands())}


def main() -> None:
    """Write the files."""
    for path, text in compose_texts().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        sys.stderr.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
