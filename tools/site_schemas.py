"""A hook of mkdocs: put the JSON Schemas that the wheel of ``cs-cli`` contains on the site as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).parents[1] / "packages" / "cs-cli" / "src" / "cs_cli" / "schemas"


def on_files(files: Any, config: Any) -> Any:
    """Add each schema to the reference, next to the page that describes its command."""
    from mkdocs.structure.files import File

    for schema in sorted(SCHEMAS.glob("*.schema.json")):
        files.append(File.generated(config, f"reference/{schema.name}", abs_src_path=str(schema)))
    return files
