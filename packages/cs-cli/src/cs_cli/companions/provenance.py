"""``STEM.provenance.json``: how a runtime was built, and from what, as an in-toto statement with SLSA provenance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cs_bundle import hash_file

from .. import DOCUMENTATION, __version__
from ..project.revision import publish_address
from ..signing.envelope import Envelope, read_envelope
from ..terminal.escaping import dump_json
from ..untrusted import parse_object

if TYPE_CHECKING:
    from cs_manifest import ShipConfig
    from cs_stamp import Mark

    from ..building.plan import BuildPlan
    from ..wheels.origins import SuppliedArchive
    from .files import StagedFile

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
_PAGE = f"{DOCUMENTATION}reference/provenance/"
BUILD_TYPE = f"{_PAGE}#build-type-v1"
"""Names the meaning of the parameters, which ``docs/reference/provenance.md`` describes."""
BUILDER_ID = f"{_PAGE}#builder"
"""Names the builder: ``cs`` on a machine of its user's choice."""

UNSIGNED = "unsignedDigest"
"""Annotation of a runtime that was signed for its platform after the build: the digest that it had before."""

INPUT_ROLES = {"manifest": "manifest", "source_lock": "source-lock", "condarc": "condarc"}
"""Roles of the files among the dependencies, by their keys in ``inputs`` of ``STEM.info.json``."""

Descriptor = dict[str, Any]
"""An in-toto resource descriptor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a provenance file says.

    :ivar subjects: SHA-256 of the files that it is about, by name.
    :ivar unsigned: those that subjects had before they were signed for their platform.
    :ivar predicate: the SLSA provenance.
    """

    subjects: Mapping[str, str]
    unsigned: Mapping[str, str]
    predicate: Mapping[str, Any]


def render_statement(
    plan: BuildPlan,
    mark: Mark,
    fields: Mapping[str, Any],
    files: Iterable[StagedFile],
    environ: Mapping[str, str],
) -> bytes:
    """Render the statement; the same build gives the same bytes.

    :param mark: of the template.
    :param fields: those of ``STEM.info.json``.
    :param files: what the statement is about.
    :param environ: where ``SOURCE_DATE_EPOCH`` is looked for.
    """
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": one.name, "digest": {"sha256": one.sha256}} for one in sorted(files, key=_name)],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": describe_parameters(plan, environ),
                "internalParameters": {"identity": fields["identity"], "subdir": plan.subdir},
                "resolvedDependencies": list(_list_dependencies(plan, mark, fields["inputs"])),
            },
            "runDetails": {
                "builder": {"id": BUILDER_ID, "version": {"cs-cli": __version__, mark.name: mark.version}},
            },
        },
    }
    return dump_statement(document)


def dump_statement(document: Mapping[str, Any]) -> bytes:
    """Render a statement: keys sorted, no white space."""
    return f"{dump_json(document, indent=None, compact=True)}\n".encode()


def open_provenance(data: bytes) -> Envelope:
    """Read ``STEM.provenance.json``, without checking any signature.

    :param data: of bounded size, such as :data:`~cs_cli.untrusted.DOCUMENT_LIMIT_BYTES`: 1,000 packages take 400 kB.
    :returns: the statement; without signatures if it is not in an envelope.
    :raises ValueError: if it is neither a statement nor an envelope.
    """
    document = parse_object(data)
    if "payloadType" in document:
        return read_envelope(document)
    return Envelope(payload=data)


def read_statement(payload: bytes) -> Statement:
    """Read a statement.

    :raises ValueError: if it is not an in-toto statement with SLSA provenance, or says something twice.
    """
    document = parse_object(payload)
    if document.get("_type") != STATEMENT_TYPE:
        raise ValueError("it is not an in-toto statement, version 1")
    if document.get("predicateType") != PREDICATE_TYPE:
        raise ValueError("its predicate is not SLSA provenance, version 1")
    listed, predicate = document.get("subject"), document.get("predicate")
    if not isinstance(listed, list) or not isinstance(predicate, dict):
        raise ValueError("it has no subjects, or no predicate")
    subjects = dict(map(_read_subject, listed))
    if len(subjects) != len(listed):
        raise ValueError("a subject is listed twice")
    unsigned = dict(_read_unsigned(one) for one in listed if UNSIGNED in one.get("annotations", ()))
    if len(unsigned) > 1:
        raise ValueError("more than one subject was signed for its platform")
    return Statement(subjects=subjects, unsigned=unsigned, predicate=predicate)


def describe_parameters(plan: BuildPlan, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the external parameters: what was asked for, with names of files and no paths of this machine."""
    project, revision = plan.derivation.project, plan.revision
    epoch = environ.get("SOURCE_DATE_EPOCH")
    return {
        "workspace": {
            "manifest": project.manifest_path.name,
            "sourceLock": project.source_lock_path.name,
            **({"directory": revision.directory} if revision is not None and revision.directory else {}),
        },
        "settings": describe_settings(plan.derivation.config),
        "platform": plan.platform,
        "lockCheck": plan.derivation.lock_check,
        **({"label": plan.label} if plan.label is not None else {}),
        **({"sourceDateEpoch": epoch} if epoch else {}),
    }


def describe_settings(config: ShipConfig) -> dict[str, Any]:
    """Return the settings by the names of their keys; those without a value are left out."""
    from cs_manifest import CONFIG_KEYS

    values = {key.name: _make_portable(getattr(config, key.attribute)) for key in CONFIG_KEYS}
    return {name: value for name, value in values.items() if value is not None}


def _make_portable(value: Any) -> Any:
    from cs_manifest import InstallName

    if isinstance(value, InstallName):
        return {"from": "runtime-lock", "base": value.base} if value.from_runtime_lock else value.base
    if isinstance(value, Path):
        return value.name
    return [_make_portable(one) for one in value] if isinstance(value, tuple) else value


def _list_dependencies(plan: BuildPlan, mark: Mark, inputs: Mapping[str, Any]) -> Iterator[Descriptor]:
    if plan.revision is not None:
        yield _descriptor(
            "workspace",
            "workspace",
            {"gitCommit": plan.revision.commit},
            uri=plan.revision.uri,
            clean=not plan.revision.is_dirty,
        )
    for key, role in INPUT_ROLES.items():
        if key in inputs:
            yield _descriptor(inputs[key]["name"], role, {"sha256": inputs[key]["sha256"]})
    constraints = plan.derivation.config.build_constraints
    if constraints is not None:
        yield _descriptor(constraints.name, "build-constraints", {"sha256": hash_file(constraints)})
    template = inputs["template"]
    yield _descriptor(mark.name, "template", {"sha256": template["sha256"]}, version=mark.version, target=mark.target)
    built = {
        one.archive.sha256: one
        for one in plan.derivation.archives
        if plan.platform in one.platforms and one.origin.kind != "file"
    }
    for package in plan.packages:
        if package.sha256 in built:
            yield _describe_source(built[package.sha256])
        elif package.is_local:
            yield _descriptor(package.file_name, "archive", {"sha256": package.sha256})
        else:
            yield {"uri": package.url, "digest": {"sha256": package.sha256}}


def _describe_source(built: SuppliedArchive) -> Descriptor:
    """Describe what a wheel was built from."""
    origin = built.origin
    address = publish_address(origin.location) if origin.kind == "git" else None
    return _descriptor(
        built.label,
        "source",
        {} if origin.commit is None else {"gitCommit": origin.commit},
        uri=None if address is None else f"git+{address}@{origin.commit}",
        kind=origin.kind,
        location=origin.location,
        clean=None if origin.is_dirty is None else not origin.is_dirty,
        backend=origin.backend,
        requires=list(origin.requirements),
        builds={"name": built.archive.file_name, "digest": {"sha256": built.archive.sha256}},
    )


def _descriptor(
    name: str, role: str, digest: Mapping[str, str], *, uri: str | None = None, **annotations: Any
) -> Descriptor:
    known = {key: value for key, value in annotations.items() if value is not None}
    given = {"uri": uri, "digest": digest}
    return {
        "name": name,
        **{key: value for key, value in given.items() if value},
        "annotations": {"role": role, **known},
    }


def _read_subject(item: Any) -> tuple[str, str]:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        raise ValueError("a subject has no name")
    if not isinstance(item.get("annotations", {}), dict):
        raise ValueError(f"the annotations of {item['name']!r} are not an object")
    return item["name"], _read_digest(item["name"], item.get("digest"))


def _read_unsigned(subject: Descriptor) -> tuple[str, str]:
    return subject["name"], _read_digest(subject["name"], subject["annotations"][UNSIGNED])


def _read_digest(name: str, digest: Any) -> str:
    sha256 = digest.get("sha256") if isinstance(digest, dict) else None
    if not isinstance(sha256, str):
        raise ValueError(f"the subject {name!r} has no SHA-256")
    return sha256


def _name(file: StagedFile) -> str:
    return file.name
