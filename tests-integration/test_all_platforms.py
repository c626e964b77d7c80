"""One run builds for every platform, and tools of others find nothing wrong with any of the runtimes.

``nox -s signatures`` runs this with the templates that ``nox -s templates`` has built.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from smoke import LAYOUTS, Case, write_package, write_workspace

from cs_stamp import TEMPLATE_PLATFORMS, installed_directories, verify_signature, verify_stamp
from cs_stamp._template_places import name_in_directory
from support.commands import run_cs
from support.servers import serve

OWN_COMPANIONS = ("runtime.lock", "packages.txt", "cdx.json", "notices.txt", "info.json", "provenance.json", "sha256")


@dataclass(frozen=True)
class Built:
    """What one run has built.

    :ivar asked: how often each file of the channel was asked for.
    """

    directory: Path
    layout: str
    cache: Path
    asked: Counter[str]

    @property
    def stem(self) -> str:
        """What the names of all files begin with."""
        return "smokez" if self.layout == "embedded" else "smoke"

    def find(self, platform: str) -> Path:
        """Return the runtime for a platform."""
        suffix = ".exe" if platform.startswith("win-") else ""
        return self.directory / f"{self.stem}-{platform}{suffix}"


def has_every_template() -> bool:
    """Whether wheels such as ``cs-template-win-64`` are installed for every platform."""
    places = [one / name_in_directory(name) for one in installed_directories() for name in TEMPLATE_PLATFORMS]
    return sum(place.is_file() for place in places) >= len(TEMPLATE_PLATFORMS)


@pytest.fixture(scope="module", params=LAYOUTS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build a runtime for each platform."""
    if not has_every_template():
        pytest.skip("needs the templates of all platforms")
    work, cache = tmp_path_factory.mktemp("all"), tmp_path_factory.mktemp("cache")
    records = {name: write_package(Case(platform=name), work / "channel") for name in TEMPLATE_PLATFORMS}
    with serve(work / "channel") as server:
        write_workspace(work / "workspace", server.url, records)
        run_cs("build", "--platform", "all", "--layout", request.param, cwd=work / "workspace", cache=cache)
        asked = Counter(one.path for one in server.asked)
    return Built(directory=work / "workspace" / "dist", layout=request.param, cache=cache, asked=asked)


def test_every_platform_gets_its_files(built: Built) -> None:
    for platform in TEMPLATE_PLATFORMS:
        assert built.find(platform).is_file()
        for name in OWN_COMPANIONS:
            assert (built.directory / f"{built.stem}-{platform}.{name}").is_file()
    run_cs("verify", "dist", cwd=built.directory.parent, cache=built.cache)


def test_what_a_layout_needs_is_downloaded_once(built: Built) -> None:
    needed = [] if built.layout == "online" else [f"/{name}/hello-1.0-0.tar.bz2" for name in TEMPLATE_PLATFORMS]
    assert built.asked == Counter(needed)


@pytest.mark.parametrize("platform", TEMPLATE_PLATFORMS)
def test_lief_finds_nothing_wrong(platform: str, built: Built) -> None:
    pytest.importorskip("lief", reason="needs LIEF")
    from foreign.products import check_product
    from foreign.targets import find_target

    check_product(built.find(platform), find_target(platform))


@pytest.mark.tools("rcodesign")
@pytest.mark.parametrize("platform", ["osx-64", "osx-arm64"])
def test_rcodesign_computes_the_same_hashes_and_keeps_the_stamp(platform: str, built: Built, tmp_path: Path) -> None:
    runtime, signed = built.find(platform), tmp_path / "signed"
    verified = subprocess.run(["rcodesign", "verify", str(runtime)], capture_output=True, text=True)
    assert "mismatch" not in verified.stdout + verified.stderr
    subprocess.run(["rcodesign", "sign", "--code-signature-flags", "runtime", str(runtime), str(signed)], check=True)
    assert signed.read_bytes() != runtime.read_bytes()
    assert read_identity(signed) == read_identity(runtime)


@pytest.mark.tools("osslsigncode", "openssl")
@pytest.mark.parametrize("platform", ["win-64", "win-arm64"])
def test_osslsigncode_signs_and_keeps_the_stamp(platform: str, built: Built, tmp_path: Path) -> None:
    runtime, signed = built.find(platform), tmp_path / "signed.exe"
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=publisher -addext extendedKeyUsage=codeSigning"
    subprocess.run([*make.split(), "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    sign = ["osslsigncode", "sign", "-certs", str(certificate), "-key", str(key), "-h", "sha256"]
    subprocess.run([*sign, "-in", str(runtime), "-out", str(signed)], check=True, capture_output=True)
    verify = ["osslsigncode", "verify", "-CAfile", str(certificate), str(signed)]
    assert subprocess.run(verify, capture_output=True).returncode == 0
    assert read_identity(signed) == read_identity(runtime)


def read_identity(runtime: Path) -> str:
    """Return the identity of the stamp, once nothing is wrong with stamp and signature."""
    verify_signature(runtime)
    return verify_stamp(runtime).identity
