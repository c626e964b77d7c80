"""``python -m support.channel build [--size tiny]`` and ``python -m support.channel serve [--port N]``."""

from __future__ import annotations

import argparse
import threading

from ..servers import serve
from .build import SIZES, build_channel


def main() -> None:
    """Build a channel and say where it is, or serve it."""
    parser = argparse.ArgumentParser(prog="channel", description=__doc__)
    parser.add_argument("action", choices=("build", "serve"))
    parser.add_argument("--size", choices=sorted(SIZES), default="tiny")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    arguments = parser.parse_args()
    channel = build_channel(arguments.size)
    if arguments.action == "build":
        print(channel)
        return
    with serve(channel, arguments.port) as server:
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
