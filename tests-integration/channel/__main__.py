"""``python -m channel build DIR [--size tiny]`` and ``python -m channel serve DIR [--port N]``."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

from .build import SIZES, build_channel
from .server import serve


def main() -> None:
    """Build or serve a channel."""
    parser = argparse.ArgumentParser(prog="channel", description=__doc__)
    parser.add_argument("action", choices=("build", "serve"))
    parser.add_argument("directory", type=Path)
    parser.add_argument("--size", choices=sorted(SIZES), default="tiny")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    arguments = parser.parse_args()
    build_channel(arguments.directory, arguments.size)
    if arguments.action == "serve":
        with serve(arguments.directory, arguments.port) as server:
            print(server.url, flush=True)
            threading.Event().wait()


if __name__ == "__main__":
    main()
