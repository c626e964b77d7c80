"""What real shells complete."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

_ZSHRC = """
autoload -U compinit && compinit -D -u
eval "$(cs completions zsh)"
tell() { print -r -- "$BUFFER" > "$ANSWER.new" && mv "$ANSWER.new" "$ANSWER" }
zle -N tell
bindkey '^G' tell
PS1='ready> '
"""

_BASH = """
eval "$(cs completions bash)"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_cs
printf '%s\\n' "${COMPREPLY[@]}"
"""


class Shells:
    """Shells that find ``cs``, the one of these sources."""

    def __init__(self, directory: Path) -> None:
        """Write what they need.

        :param directory: an empty one.
        """
        self._directory = directory
        program = directory / "bin" / "cs"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cs_cli "$@"\n')
        program.chmod(0o755)
        (directory / ".zshrc").write_text(_ZSHRC)
        path = os.pathsep.join((str(program.parent), os.environ["PATH"]))
        self._environ = {
            **os.environ,
            "PATH": path,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "HOME": str(directory),
            "ZDOTDIR": str(directory),
            "ANSWER": str(directory / "answer"),
            "TERM": "xterm",
        }

    def bash(self, *words: str) -> list[str]:
        """Return what bash offers for the last word."""
        return self._run("bash", "--norc", "-c", _BASH, "bash", *words)

    def fish(self, line: str) -> list[str]:
        """Return what fish offers at the end of a line."""
        offers = self._run("fish", "--no-config", "-c", "cs completions fish | source; complete -C $argv[1]", line)
        return [offer.partition("\t")[0] for offer in offers]

    def zsh(self, line: str) -> str:
        """Return what zsh makes of a line when somebody presses Tab at its end."""
        outer, inner = pty.openpty()
        process = subprocess.Popen(
            ["zsh", "-d", "-i"], stdin=inner, stdout=inner, stderr=inner, env=self._environ, start_new_session=True
        )
        os.close(inner)
        written = b""
        while b"ready> " not in written:
            written += os.read(outer, 65536)
        os.write(outer, f"{line}\t\a".encode())
        answer = Path(self._environ["ANSWER"])
        while not answer.exists() and process.poll() is None:
            written += os.read(outer, 65536)
        os.close(outer)
        process.wait()
        return answer.read_text().rstrip("\n")

    def _run(self, *command: str) -> list[str]:
        done = subprocess.run(command, env=self._environ, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.splitlines()
