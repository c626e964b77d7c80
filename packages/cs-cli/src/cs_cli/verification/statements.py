"""The statement of provenance: whether it is about these files, and whether one of the keys signed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cs_stamp import is_as_built

from ..companions.files import SUFFIXES
from ..companions.provenance import BUILD_TYPE, BUILDER_ID, INPUT_ROLES, UNSIGNED, open_provenance, read_statement
from ..errors import CliError, advise
from ..project.revision import name_revision
from ..signing.envelope import Envelope
from ..signing.keys import key_id, load_public_key
from .checks import Result, join_names
from .documents import take, take_objects
from .files import StagedFiles, reading
from .runtime import CheckedRuntime

if TYPE_CHECKING:
    from ..companions.provenance import Statement
    from ..signing.keys import PublicKey

_SAME = ("runtime", "runtime_version", "layout", "delegate", "docs_url", "install_scheme", "freeze_base", "bytecode")
"""Settings that the header of a runtime has with the same value."""

_NAME_LENGTH = 100
"""Characters that are shown of what a signature calls its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The keys of those whose statements count.

    :ivar provenance: a statement to use instead of the one beside a file.
    """

    keys: tuple[PublicKey, ...] = ()
    provenance: Path | None = None


def load_trust(keys: Sequence[Path], provenance: Path | None) -> Trust:
    """Load public keys.

    :raises CliError: if one is not a key.
    """
    return Trust(keys=tuple(map(load_public_key, keys)), provenance=provenance)


def check_folder_statement(
    result: Result, files: StagedFiles, name: str, runtime: CheckedRuntime, trust: Trust
) -> None:
    """Check that a statement is about exactly the files of a build, and about this runtime."""
    read = _read(result, files, name)
    if read is None:
        return
    envelope, statement = read

    def check() -> str:
        covered = {one: digest for one, digest in runtime.digests.items() if one != name}
        _compare_subjects(files.path(name), statement.subjects, covered)
        _compare_predicate(files.path(name), statement, runtime)
        _compare_unsigned(files.path(name), statement, runtime)
        return f"states how these {len(covered)} files were built{_note(runtime)}"

    result.attempt(name, "provenance", check)
    check_signature(result, files, name, envelope, trust)


def check_file_statement(
    result: Result, files: StagedFiles, name: str, stem: str, runtime: CheckedRuntime | None, trust: Trust
) -> None:
    """Check a file against the statement that was given, or the one beside it."""
    given = trust.provenance
    shelf = files if given is None else StagedFiles(given.parent)
    beside = f"{stem}{SUFFIXES['provenance']}" if given is None else given.name
    if not shelf.exists(beside):
        _report_missing(result, files, name, beside, trust)
        return
    read = _read(result, shelf, beside)
    if read is None:
        return
    envelope, statement = read
    if name == beside:
        result.attempt(name, "provenance", lambda: f"a statement about {len(statement.subjects)} files")
    else:
        result.attempt(name, "subject", lambda: _check_subject(files, name, beside, statement))
    if runtime is not None:
        result.attempt(beside, "provenance", lambda: _check_about(shelf.path(beside), statement, runtime))
    check_signature(result, shelf, beside, envelope, trust)


def _report_missing(result: Result, files: StagedFiles, name: str, beside: str, trust: Trust) -> None:
    if not trust.keys:
        result.leave(name, "subject", f"{beside} is not beside it, so nothing says who built it")
        return
    message, hint = f"there is no {beside} beside it that could be signed", advise("statement")
    result.fail(name, "subject", CliError(message, kind="provenance-missing", path=files.path(name), hint=hint))


def _read(result: Result, files: StagedFiles, name: str) -> tuple[Envelope, Statement] | None:
    """Read a statement; what is wrong with it is one check."""
    found: list[tuple[Envelope, Statement]] = []

    def read() -> None:
        with reading(files.path(name), "provenance-damaged"):
            envelope = open_provenance(files.read(name))
            found.append((envelope, read_statement(envelope.payload)))

    result.attempt(name, "provenance", read)
    return found[0] if found else None


def _check_subject(files: StagedFiles, name: str, beside: str, statement: Statement) -> str:
    digest = files.hash(name)
    subject = next((one for one, sha256 in sorted(statement.subjects.items()) if sha256 == digest), None)
    if subject is None:
        actual = statement.subjects.get(name)
        raise CliError(
            f"{beside} is not about this file",
            kind="provenance-mismatch",
            path=files.path(name),
            expected=actual or "a file that it lists",
            actual=digest,
            hint="download the file and the statement of the same release again",
        )
    return f"{beside} lists it" + ("" if subject == name else f" as {subject}")


def _check_about(path: Path, statement: Statement, runtime: CheckedRuntime) -> str:
    _compare_predicate(path, statement, runtime)
    _compare_unsigned(path, statement, runtime)
    return f"states how the runtime was built{_note(runtime)}"


def _note(runtime: CheckedRuntime) -> str:
    return "; the runtime was signed for its platform afterwards" if runtime.is_restated else ""


def _compare_subjects(path: Path, subjects: Mapping[str, str], covered: Mapping[str, str]) -> None:
    """Compare what a statement is about with the files of the build.

    :param covered: digests by file name.
    """
    if differing := sorted(subjects.keys() ^ covered.keys()):
        message = f"it and the checksum file do not list the same files: {join_names(differing)}"
        raise CliError(message, kind="provenance-mismatch", path=path, key="subject")
    for name, digest in sorted(covered.items()):
        if subjects[name] != digest:
            raise _mismatch(path, f"subject.{name}", digest, subjects[name])


def _compare_predicate(path: Path, statement: Statement, runtime: CheckedRuntime) -> None:
    with reading(path, "provenance-damaged"):
        for key, expected, actual in _list_facts(statement.predicate, runtime):
            if expected != actual:
                raise _mismatch(path, key, str(expected), str(actual)[:500])
    runtime.statement = statement.predicate


def _compare_unsigned(path: Path, statement: Statement, runtime: CheckedRuntime) -> None:
    """Compare a runtime, but for the signature of its platform, with the digest of the one that was built."""
    for name, digest in statement.unsigned.items():
        if not is_as_built(runtime.path, digest):
            raise CliError(
                "the runtime is not the one that was built, signed for its platform",
                kind="provenance-mismatch",
                path=path,
                key=f"subject.{name}.{UNSIGNED}",
                expected=f"a runtime that has the digest {digest[:100]} without its signature",
                hint="sign the runtime that cs build wrote",
            )
        runtime.is_restated = True


def _list_facts(predicate: Mapping[str, Any], runtime: CheckedRuntime) -> Iterator[tuple[str, object, object]]:
    """Yield what a statement and the runtime both say: the key, the runtime's value, and the statement's."""
    header, definition = runtime.report.header, take(predicate, dict, "buildDefinition")
    internal, settings = "internalParameters", take(definition, dict, "externalParameters", "settings")
    yield f"{internal}.identity", runtime.report.identity, take(definition, str, internal, "identity")
    yield f"{internal}.subdir", header.platform, take(definition, str, internal, "subdir")
    for name in _SAME:
        key = name.replace("_", "-")
        if key in settings:
            yield f"settings.{key}", getattr(header, name), settings[key]
    by_role = sort_by_role(definition)
    yield "buildType", BUILD_TYPE, take(definition, str, "buildType")
    yield "builder.id", BUILDER_ID, take(predicate, str, "runDetails", "builder", "id")
    yield "workspace", header.source_revision, _read_revision(by_role)
    yield from _list_template_facts(by_role, runtime)
    yield from _list_input_facts(by_role, runtime.info)
    stated = {take(one, str, "digest", "sha256") for one in by_role.get("", []) + by_role.get("archive", [])}
    stated |= {take(one, str, "annotations", "builds", "digest", "sha256") for one in by_role.get("source", [])}
    addresses = {(take(one, str, "uri"), take(one, str, "digest", "sha256")) for one in by_role.get("", [])}
    fetched = {(one.url, one.sha256) for one in runtime.report.plan.archives if one.url is not None}
    yield "resolvedDependencies.uri", sorted(fetched - addresses), sorted(addresses - fetched)
    yield "resolvedDependencies", {one.sha256 for one in runtime.report.plan.archives}, stated


def _read_revision(by_role: Mapping[str, list[dict[str, Any]]]) -> str | None:
    """Return the revision of the workspace that a statement names, as the header of a runtime has it."""
    for one in by_role.get("workspace", []):
        is_dirty = not take(one, bool, "annotations", "clean")
        return name_revision(take(one, str, "digest", "gitCommit"), is_dirty=is_dirty)
    return None


def sort_by_role(definition: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Sort the dependencies that a statement lists by their role; packages that are downloaded have none.

    :param definition: ``buildDefinition`` of a statement.
    :raises ValueError: if they are not such dependencies.
    """
    by_role: dict[str, list[dict[str, Any]]] = {}
    for one in take_objects(definition, "resolvedDependencies"):
        role = take(one, str, "annotations", "role") if "annotations" in one else ""
        by_role.setdefault(role, []).append(one)
    return by_role


def _list_template_facts(
    by_role: Mapping[str, list[dict[str, Any]]], runtime: CheckedRuntime
) -> Iterator[tuple[str, object, object]]:
    for template in by_role.get("template", [{}]):
        if runtime.mark is not None:
            yield "template.name", runtime.mark.name, take(template, str, "name")
            yield "template.version", runtime.mark.version, take(template, str, "annotations", "version")
        if runtime.template_sha256 is not None:
            yield "template.sha256", runtime.template_sha256, take(template, str, "digest", "sha256")


def _list_input_facts(
    by_role: Mapping[str, list[dict[str, Any]]], info: Mapping[str, Any] | None
) -> Iterator[tuple[str, object, object]]:
    """Yield the digests that ``info.json`` states as well."""
    inputs = {} if info is None else take(info, dict, "inputs")
    for key, role in INPUT_ROLES.items():
        if key in inputs:
            stated = [take(one, str, "digest", "sha256") for one in by_role.get(role, [])]
            yield f"{role}.sha256", [take(inputs, str, key, "sha256")], stated


def check_signature(result: Result, files: StagedFiles, name: str, envelope: Envelope, trust: Trust) -> None:
    """Check who signed a statement; without keys, only say who claims to have done so."""
    claimed = join_names([(one.key_id or "without a name")[:_NAME_LENGTH] for one in envelope.signatures])
    if trust.keys:
        result.attempt(name, "signature", lambda: _verify(files.path(name), envelope, claimed, trust))
    elif envelope.signatures:
        result.leave(name, "signature", f"signed by key {claimed}, not checked: {advise('public-key')}")
    else:
        result.leave(name, "signature", "not signed")


def _verify(path: Path, envelope: Envelope, claimed: str, trust: Trust) -> str:
    if not envelope.signatures:
        message, hint = "the statement is not signed", "ask its publisher for a signed one"
        raise CliError(message, kind="unsigned", path=path, hint=hint)
    signers = [key_id(key) for key in trust.keys if envelope.verified_by(key)]
    if not signers:
        raise CliError(
            "none of the given keys signed the statement",
            kind="signature-mismatch",
            path=path,
            expected=join_names([key_id(key) for key in trust.keys]),
            actual=claimed,
            hint="do not use these files unless their publisher has changed the key",
        )
    return f"signed by key {join_names(signers)}"


def _mismatch(path: Path, key: str, expected: str, actual: str) -> CliError:
    message = "the statement does not match the runtime"
    return CliError(
        message, kind="provenance-mismatch", path=path, key=key, expected=expected[:500], actual=actual[:500]
    )
