"""Completions for shells, made from the table of commands.

The scripts are static, so that a shell does not start Python whenever somebody presses Tab: only the environments and
platforms of a workspace are asked for (``cs completions --values``). shtab makes static scripts, too, but none for
fish and PowerShell; argcomplete starts the program each time.
"""
