"""Workspaces whose environment has packages of PyPI."""

from __future__ import annotations

import sys

from cli_samples import Record, Workspace


def add_pypi(
    workspace: Workspace, location: str, name: str, *, platforms: tuple[str, ...] = (), **fields: object
) -> None:
    """Add a PyPI package to the lock of a workspace."""
    record: Record = {"pypi": location, "name": name, **fields}
    for platform, records in workspace.environments["ship"].items():
        if not platforms or platform in platforms:
            records.append(record)


def use_own_python(workspace: Workspace) -> None:
    """Let the environment have a Python of the version that runs the tests, and nothing else."""
    version = ".".join(map(str, sys.version_info[:3]))
    workspace.channel.records.clear()
    record = workspace.channel.add("python", {"bin/python": b"#!"}, version=version)
    workspace.specs = ("python",)
    workspace.environments = {"ship": {"linux-64": [record]}}
