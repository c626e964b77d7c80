"""The diagrams: from a workspace to a running program, the life of a prefix, the parts of a stamp."""

from __future__ import annotations

from .drawing import Picture

_PARTS = (
    ("template", "the program that installs and starts"),
    ("header", "what the runtime is: JSON"),
    ("plan", "packages, in install order: JSON"),
    ("lock", "the runtime lock: YAML"),
    ("bytecode", "compiled modules, if shipped"),
    ("bundle", "package archives, if embedded"),
    ("launch", "what a later run needs"),
    ("footer", "512 bytes: where the parts are, digests"),
    ("signature", "of Windows or macOS, if there is one"),
)
_STEP = 36


def draw_concept() -> Picture:
    """Draw what happens from the workspace to the program."""
    picture = Picture(
        title="From a workspace to a running program",
        description=(
            "On your machine, cs build turns a workspace and its lock into one file. On a user's machine, the first "
            "run of this file installs a prefix and starts the delegate in it; each later run starts the delegate "
            "at once."
        ),
        height=430,
    )
    picture.text((0, 18), "Your machine", kind="quiet")
    picture.box((0, 30), (170, 76), ["Workspace", "`pixi.toml`", "`pixi.lock`"])
    picture.box((310, 30), (170, 76), ["One file", "`cowsz`"], kind="main")
    picture.arrow((170, 68), (310, 68))
    picture.text((240, 58), "cs build", kind="own", anchor="middle", code=True)
    picture.line((0, 144), (480, 144))
    picture.text((0, 172), "Your user's machine", kind="quiet")
    picture.arrow((395, 106), (395, 190))
    picture.text((385, 132), "download, copy", kind="quiet", anchor="end")
    picture.box((310, 190), (170, 56), ["`cowsz`"], kind="main")
    picture.box((0, 190), (170, 76), ["Prefix", "`~/.conda/cows`", "all packages"])
    picture.arrow((310, 218), (170, 218))
    picture.text((240, 208), "first run:", kind="own", anchor="middle")
    picture.text((240, 238), "installs", kind="quiet", anchor="middle")
    picture.box((0, 350), (480, 64), ["Delegate", "the program that your users want"])
    picture.arrow((85, 266), (85, 350))
    picture.text((97, 314), "then starts", kind="quiet")
    picture.arrow((395, 246), (395, 350))
    picture.text((385, 298), "every later run:", kind="own", anchor="end")
    picture.text((385, 318), "starts at once", kind="quiet", anchor="end")
    return picture


def draw_lifecycle() -> Picture:
    """Draw the states of a prefix, and the commands that lead from one to the next."""
    picture = Picture(
        title="The life of a prefix",
        description=(
            "The first run of demo 1.0 installs the prefix. The first run of demo 2.0 replaces it and keeps "
            "the previous one. demo rollback exchanges the two, and so does rolling back again; demo bootstrap "
            "--force installs this version again. demo uninstall removes both."
        ),
        height=480,
    )
    picture.box((10, 8), (220, 50), ["Nothing installed"], kind="faint")
    picture.arrow((120, 58), (120, 116))
    picture.text((132, 82), "first run of 1.0,", kind="own")
    picture.text((132, 102), "or demo bootstrap", kind="quiet")
    picture.box((10, 116), (220, 50), ["1.0 in use"], kind="main")
    picture.arrow((120, 166), (120, 226))
    picture.text((132, 190), "first run of 2.0", kind="own")
    picture.text((132, 210), "replaces it in one rename", kind="quiet")
    picture.box((10, 226), (220, 62), ["2.0 in use", "1.0 kept"], kind="main")
    picture.box((250, 340), (220, 62), ["1.0 in use", "2.0 kept"], kind="main")
    picture.arrow((230, 246), (410, 246), (410, 340))
    picture.text((320, 268), "demo rollback", kind="own", anchor="middle", size=14, code=True)
    picture.arrow((250, 382), (70, 382), (70, 288))
    picture.text((82, 332), "demo rollback, or", kind="own", size=14)
    picture.text((82, 352), "bootstrap --force", kind="own", size=14, code=True)
    picture.line((0, 426), (480, 426))
    picture.text((240, 450), "demo uninstall", kind="own", anchor="middle", size=14, code=True)
    picture.text((240, 470), "leads from every state back to nothing installed", kind="quiet", anchor="middle", size=14)
    return picture


def draw_stamp() -> Picture:
    """Draw the parts of a runtime in their order in the file."""
    names = ", ".join(name for name, _ in _PARTS)
    picture = Picture(
        title="The parts of a runtime",
        description=f"A runtime is one file with these parts in this order: {names}.",
        height=len(_PARTS) * _STEP + 74,
    )
    picture.text((0, 18), "start of the file", kind="quiet")
    for number, (name, meaning) in enumerate(_PARTS):
        top = 28 + number * _STEP
        kind = {"launch": "main", "footer": "main", "signature": "faint"}.get(name, "box")
        picture.box((0, top), (118, _STEP), [f"`{name}`"], kind=kind, corner=0)
        picture.text((132, top + 23), meaning)
    end = 28 + len(_PARTS) * _STEP
    picture.text((0, end + 18), "A later run reads only launch and footer,", kind="quiet")
    picture.text((0, end + 38), "4096 bytes at most.", kind="quiet")
    return picture
