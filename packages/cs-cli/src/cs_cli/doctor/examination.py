"""Look at everything, one after the other; none of it keeps the others from being looked at."""

from __future__ import annotations

import os

from ..options import DoctorOptions
from .findings import Diagnosis, Look, attempt
from .installation import look_at_templates, look_at_versions
from .machine import look_at_cache, look_at_certificates, look_at_proxies, look_at_variables
from .workspace import look_at_workspace


def examine(options: DoctorOptions) -> Diagnosis:
    """Look at the installation, the machine and the workspace; nothing is written, and without ``online`` no network.

    :returns: what was found, in the order in which it matters.
    """
    environ = os.environ
    looks: dict[str, Look] = {
        "versions": look_at_versions,
        "template": look_at_templates,
        "cache": lambda: look_at_cache(options.cache_dir),
        "proxies": lambda: look_at_proxies(environ),
        "certificates": lambda: look_at_certificates(environ),
        "variables": lambda: look_at_variables(environ),
        "workspace": lambda: look_at_workspace(options, environ),
    }
    return Diagnosis(findings=tuple(finding for topic, look in looks.items() for finding in attempt(topic, look)))
