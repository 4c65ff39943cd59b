"""What a user would have typed for an environment: requirements, a date, environment variables.

Pure functions of an EnvironmentRequest. Resolving and installing belong to `harness.environments`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from harness.domain import EnvironmentRequest, InstallPolicy, KerasChoice, TextOps

AS_RELEASED_AFTER = timedelta(days=21)
"""Time for the packages around a TensorFlow release to catch up with it; see docs/design.md, install policy."""


def requirements(request: EnvironmentRequest) -> tuple[str, ...]:
    """The requirements, in the order a user types them.

    `tensorflow==2.16.2`, `tensorflow-hub`, and `tf-keras` for legacy, and `tensorflow-text==2.16.*` for text. That one depends
    on `tensorflow`, so `tensorflow-cpu` beside it would be TensorFlow installed twice, in the same folder.
    """
    package = "tensorflow" if request.text is TextOps.WITH else request.release.package
    hub = "tensorflow-hub" if request.hub is None else f"tensorflow-hub=={request.hub}"
    return (f"{package}=={request.release.version}", hub, *_keras(request), *_text(request))


def _keras(request: EnvironmentRequest) -> tuple[str, ...]:
    match request.keras:
        case KerasChoice.DEFAULT:
            return ()
        case KerasChoice.LEGACY:
            return ("tf-keras",)


def _text(request: EnvironmentRequest) -> tuple[str, ...]:
    """The patch of tensorflow-text is not that of TensorFlow (2.8.2 goes with 2.8.4), the minor is."""
    match request.text:
        case TextOps.WITHOUT:
            return ()
        case TextOps.WITH:
            minor = ".".join(request.release.version.split(".")[:2])
            return (f"tensorflow-text=={minor}.*",)


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
