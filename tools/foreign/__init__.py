"""Build and run the template for other platforms on one Linux machine.

``python -m foreign --help`` lists the commands, with ``tools`` on Python's path. Everything comes from Debian, the
Python Package Index and crates.io, pinned in ``requirements``, and stays in one folder of the cache: nothing is
installed on the machine. See ``docs/development/foreign.md``.
"""
