"""Options of a delegate that its users type, and that the runtime takes for its own."""

from __future__ import annotations

from cs_manifest import ShipConfig

_ALL = ("-h", "-V", "-v", "-q")
"""What a runtime with ``commands = "direct"`` takes in front of everything else: ``docs/reference/runtime.md``."""

_TAKEN = {
    "black": ("-h", "-v", "-q"),
    "conda": _ALL,
    "hatch": ("-h", "-v", "-q"),
    "http": ("-h", "-v", "-q"),
    "mamba": ("-h", "-v", "-q"),
    "mypy": ("-h", "-V", "-v"),
    "node": ("-h", "-v"),
    "pip": _ALL,
    "pixi": _ALL,
    "pytest": _ALL,
    "python": _ALL,
    "python3": _ALL,
    "ruff": _ALL,
    "uv": _ALL,
}
"""Well-known programs, each with those of the options that it has itself."""


def list_taken_options(config: ShipConfig) -> tuple[str, ...]:
    """List the options of a well-known delegate that do not reach it when they come first."""
    return () if config.commands == "self" else _TAKEN.get(config.delegate, ())


def describe_taken_options(config: ShipConfig) -> str | None:
    """Say which options do not reach the delegate, and what to do about it; ``None`` if all do, as far as known."""
    taken = list_taken_options(config)
    if not taken:
        return None
    name, example = config.artifact_name, "-V" if "-V" in taken else taken[-1]
    return (
        f"{', '.join(taken[:-1])} and {taken[-1]} are options of {name} itself: `{name} -- {example}` passes one on to "
        f'{config.delegate}; with commands = "self", all of them reach it'
    )
