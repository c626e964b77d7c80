"""Users and host names on machines whose name service would crash a static executable: nothing of it is ever loaded."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.commands import SCRIPTS, Home
from support.inspection import assert_complete
from support.names import HOSTILE_NSSWITCH, SERVER_FAILURE, DnsServer, Machine, serve_names, serve_socks
from support.servers import Server
from support.workshop import Workshop, open_plain_workshop

NAME_SERVICE = ("nsswitch.conf", "libnss", "nscd", "gconv", "ld.so", ".so.")
STRANGER = 4242
ELF_INTERPRETER = 3
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@pytest.fixture(scope="module")
def workshop(fast_directory: Path, cache_directory: Path) -> Iterator[Workshop]:
    """Builds runtimes of two small packages; its server fails on request."""
    with open_plain_workshop(fast_directory / "named", cache_directory) as workshop:
        yield workshop


@pytest.fixture
def server(workshop: Workshop) -> Server:
    """That server."""
    return workshop.server


@pytest.fixture
def online(workshop: Workshop, server: Server) -> Path:
    built = workshop.build(layout='"online"')
    server.asked.clear()
    return built


@pytest.fixture
def names() -> Iterator[DnsServer]:
    with serve_names() as names:
        yield names


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with a hostile name service, and users of its own."""
    machine = Machine(tmp_path / "machine")
    machine.directory.mkdir()
    machine.write("nsswitch.conf", HOSTILE_NSSWITCH)
    machine.write("passwd", "root:x:0:0:root:/root:/bin/sh\n")
    return machine


def assert_nothing_loaded(machine: Machine, runtime: Path) -> None:
    own = machine.own_calls(runtime)
    assert not [call for call in own if any(part in call for part in NAME_SERVICE)]


def is_dynamic(executable: bytes) -> bool:
    """Whether a 64-bit ELF file asks for a loader."""
    offset, size, count = *struct.unpack_from("<Q", executable, 32), *struct.unpack_from("<HH", executable, 54)
    kinds = [struct.unpack_from("<I", executable, offset + size * number)[0] for number in range(count)]
    return ELF_INTERPRETER in kinds


def test_the_template_has_no_code_that_loads_a_name_service() -> None:
    content = (SCRIPTS / "cs-template").read_bytes()
    if is_dynamic(content):
        pytest.skip("needs a static template")
    assert b"/etc/passwd" in content  # names of files can be found in it at all
    for fragment in (b"nsswitch.conf", b"libnss_", b"/var/run/nscd"):
        assert fragment not in content


def test_what_a_child_does_is_not_what_the_program_does(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    lines = [
        '1 execve("/bin/demo", ["demo"], 0x1) = 0',
        '1 open("/etc/hosts", O_RDONLY) = 3',
        "1 clone3({flags=CLONE_VM|CLONE_VFORK} <unfinished ...>",
        '2 execve("/bin/sh", ["sh"], 0x1 <unfinished ...>',
        "1 <... clone3 resumed>, 88) = 2",
        "2 <... execve resumed>) = 0",
        '2 openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY) = 3',
        "2 fork( <unfinished ...>",
        '3 open("/etc/nsswitch.conf", O_RDONLY) = 3',
        "2 <... fork resumed>) = 3",
    ]
    machine.trace.write_text("\n".join(lines))
    own = machine.own_calls(Path("/bin/demo"))
    assert [call for call in own if "open" in call] == ['open("/etc/hosts", O_RDONLY) = 3']


@pytest.mark.root
@pytest.mark.tools("strace", "setpriv", "unshare")
@pytest.mark.parametrize(
    ("proxy", "hosts", "replies"),
    [
        ("proxy.local", "127.0.0.1 proxy.local\n", {}),
        ("proxy", "127.0.0.1 localhost\n", {"proxy.corp.example": "127.0.0.1"}),
        ("proxy.local", "", {"proxy.local": "127.0.0.1"}),
        ("my_proxy.example", "", {"my_proxy.example": "tcp:127.0.0.1"}),
        ("localhost", "", {"localhost": "127.9.9.9"}),
    ],
)
def test_a_name_is_found_in_hosts_and_dns_alone(
    proxy: str,
    hosts: str,
    replies: dict[str, str],
    online: Path,
    server: Server,
    names: DnsServer,
    machine: Machine,
    home: Home,
) -> None:
    names.names.update(replies)
    machine.write("hosts", hosts)
    machine.write("resolv.conf", f"search other.example corp.example\nnameserver {names.address}\n")
    home.extra["http_proxy"] = f"http://{proxy}:{server.port}"
    completed = home.run(*machine.wrap(online, "bootstrap"))
    assert completed.returncode == 0, completed.stderr
    assert_complete(home.prefix, packages=2)
    assert len(server.asked) == 2
    assert bool(names.asked) == bool(replies) or proxy == "localhost"
    assert_nothing_loaded(machine, online)


@pytest.mark.root
@pytest.mark.tools("strace", "setpriv", "unshare")
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_the_name_of_a_socks_proxy_is_found_too(
    scheme: str, online: Path, server: Server, names: DnsServer, machine: Machine, home: Home
) -> None:
    names.names["socks.example"] = "127.0.0.1"
    machine.write("resolv.conf", f"nameserver {names.address}\n")
    with serve_socks(("127.0.0.1", server.port)) as port:
        home.extra["all_proxy"] = f"{scheme}://socks.example:{port}"
        completed = home.run(*machine.wrap(online, "bootstrap"))
    assert completed.returncode == 0, completed.stderr
    assert "socks.example" in names.asked
    assert_nothing_loaded(machine, online)


@pytest.mark.root
@pytest.mark.tools("strace", "setpriv", "unshare")
def test_a_library_that_asks_the_c_library_gets_the_same_answer(
    online: Path, names: DnsServer, machine: Machine, home: Home
) -> None:
    """rattler renews a login with a client of its own, which asks ``getaddrinfo``."""
    names.names["login.example"] = "127.0.0.1"
    machine.write("resolv.conf", f"nameserver {names.address}\n")
    login = {
        "access_token": "old",
        "refresh_token": "again",
        "expires_at": 1,
        "token_endpoint": "http://login.example:9/token",
        "revocation_endpoint": None,
        "client_id": "x",
    }
    # That client cannot be made without certificates.
    assert CERTIFICATES.exists(), "install ca-certificates"
    home.extra["SSL_CERT_FILE"] = shutil.copy(str(CERTIFICATES), str(machine.directory))
    file = machine.directory / "auth.json"
    file.write_text(json.dumps({"127.0.0.1": {"OAuth": login}}))
    home.extra["RATTLER_AUTH_FILE"] = str(file)
    completed = home.run(*machine.wrap(online, "bootstrap"))
    assert completed.returncode == 0, completed.stderr
    assert "login.example" in names.asked
    assert_nothing_loaded(machine, online)
    connected = [call for call in machine.own_calls(online) if 'sin_addr=inet_addr("127.0.0.1")' in call]
    assert any("sin_port=htons(9)" in call for call in connected), "it was told the address"


@pytest.mark.root
@pytest.mark.tools("strace", "setpriv", "unshare")
@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (None, "proxy.local has no address: the DNS server {} says that the name does not exist"),
        (SERVER_FAILURE, "cannot look up proxy.local: the DNS server {} answered SERVFAIL"),
    ],
)
def test_a_name_that_is_not_found_is_said_with_the_server(
    reply: int | None, says: str, online: Path, names: DnsServer, machine: Machine, home: Home
) -> None:
    if reply is not None:
        names.names["proxy.local"] = reply
    machine.write("resolv.conf", f"nameserver {names.address}\n")
    home.extra["http_proxy"] = "http://proxy.local:9"
    completed = home.run(*machine.wrap(online, "bootstrap"))
    assert completed.returncode == 69
    assert says.format(names.address) in completed.stderr
    assert_nothing_loaded(machine, online)


@pytest.mark.root
@pytest.mark.tools("strace", "setpriv", "unshare")
def test_a_user_without_an_entry_and_without_home_is_told_so(workshop: Workshop, machine: Machine, home: Home) -> None:
    runtime = workshop.build()
    environment = {"PATH": home.environment["PATH"]}
    completed = home.run(*machine.wrap(runtime, "word", user=STRANGER), env=environment)
    assert completed.returncode == 64, completed.stderr
    assert "DEMO_PREFIX" in completed.stderr
    assert_nothing_loaded(machine, runtime)


@pytest.mark.root
@pytest.mark.tools("strace", "setpriv", "unshare")
def test_a_user_without_home_has_the_one_in_the_user_database(workshop: Workshop, machine: Machine, home: Home) -> None:
    runtime = workshop.build()
    home.directory.chmod(0o777)
    machine.write("passwd", f"+nis\nbroken\nann:x:{STRANGER}:{STRANGER}:Ann:{home.directory}:/bin/sh\n")
    for variables in ({}, {"HOME": ""}):
        environment = {"PATH": home.environment["PATH"], **variables}
        completed = home.run(*machine.wrap(runtime, "word", user=STRANGER), env=environment)
        assert (completed.returncode, completed.stdout) == (0, f"{home.prefix} word\n"), completed.stderr
        assert_nothing_loaded(machine, runtime)
