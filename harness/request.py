"""What a user would have typed for an environment: requirements, a date, environment variables.

Pure functions of an EnvironmentRequest. Resolving and installing belong to `harness.environments`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from harness.domain import EnvironmentRequest, InstallPolicy, KerasChoice

AS_RELEASED_AFTER = timedelta(days=21)
"""Time for the packages around a TensorFlow release to catch up with it; see docs/design.md, install policy."""


def requirements(request: EnvironmentRequest) -> tuple[str, ...]:
    """The requirements, in the order a user types them: `tensorflow==2.16.2`, `tensorflow-hub`, and `tf-keras` for legacy."""
    hub = "tensorflow-hub" if request.hub is None else f"tensorflow-hub=={request.hub}"
    typed = (f"{request.release.package}=={request.release.version}", hub)
    match request.keras:
        case KerasChoice.DEFAULT:
            return typed
        case KerasChoice.LEGACY:
            return (*typed, "tf-keras")


def exclude_newer(request: EnvironmentRequest) -> date | None:
    """The last day whose uploads the resolver may use; None means no limit."""
    match request.install:
        case InstallPolicy.AS_RELEASED:
            return request.release.released + AS_RELEASED_AFTER
        case InstallPolicy.TODAY:
            return None


def settings(request: EnvironmentRequest) -> Mapping[str, str]:
    """The environment variables that the cells run with because of what was asked for."""
    match request.keras:
        case KerasChoice.DEFAULT:
            return {}
        case KerasChoice.LEGACY:
            return {"TF_USE_LEGACY_KERAS": "1"}
