"""``python -m cs_cli`` is ``cs``."""

from cs_cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
