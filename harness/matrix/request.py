"""Derive what a user would have typed for an environment: requirements, a date, the kind of venv, environment variables.

Pure functions of an EnvironmentRequest. Resolving and installing belong to `harness.environments`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from harness.base.versions import in_order
from harness.domain import Accelerator, EnvironmentRequest, InstallPolicy, KerasChoice, TextOps

AS_RELEASED_AFTER = timedelta(days=21)
"""Time for the packages around a TensorFlow release to catch up with it; see docs/design.md, install policy."""


def requirements(request: EnvironmentRequest) -> tuple[str, ...]:
    """Return the requirements, in the order a user types them.

    `tensorflow==2.16.2`, `tensorflow-hub`, and `tf-keras` for legacy, and `tensorflow-text==2.16.*` for text. That one depends
    on `tensorflow`, so `tensorflow-cpu` beside it would be TensorFlow installed twice, in the same folder.
    `tensorflow-tpu==2.19.1` and `tf-keras==2.19.*` for TPUs, see `overrides`; `tensorflow[and-cuda]==2.16.2` for GPUs.
    """
    hub = "tensorflow-hub" if request.hub is None else f"tensorflow-hub=={request.hub}"
    return (f"{_package(request)}=={request.release.version}", hub, *_keras(request), *_text(request))


def overrides(request: EnvironmentRequest) -> tuple[str, ...]:
    """Return requirements that replace what packages ask of each other.

    tensorflow-hub 0.16 depends on tf-keras, and that on `tensorflow`: beside `tensorflow-tpu` it would be TensorFlow installed
    twice, in the same folder, and which of the two is imported would be chance. The marker is never true.
    """
    return ("tensorflow; python_version < '0'",) if request.accelerator is Accelerator.TPU else ()


def _package(request: EnvironmentRequest) -> str:
    """Return the package's name: up to 2.0 GPUs need `tensorflow-gpu`, and from 2.14 on an extra brings CUDA."""
    match request.accelerator:
        case Accelerator.NONE:
            return "tensorflow" if request.text is TextOps.WITH else request.release.package
        case Accelerator.TPU:
            return "tensorflow-tpu"
        case Accelerator.GPU:
            version = request.release.version
            if in_order(version, ">=", "2.14"):
                return "tensorflow[and-cuda]"
            return "tensorflow" if in_order(version, ">=", "2.1") else "tensorflow-gpu"


def _keras(request: EnvironmentRequest) -> tuple[str, ...]:
    """Return the tf-keras that a Keras choice needs.

    For TPUs of the same minor, because nothing installed beside it asks for a version; there is none before 2.14.
    """
    if request.accelerator is Accelerator.TPU:
        return (f"tf-keras=={_minor(request)}.*",) if in_order(request.release.version, ">=", "2.14") else ()
    match request.keras:
        case KerasChoice.DEFAULT:
            return ()
        case KerasChoice.LEGACY:
            return ("tf-keras",)


def _text(request: EnvironmentRequest) -> tuple[str, ...]:
    """Return tensorflow-text of the same minor. The patches differ: 2.8.2 goes with 2.8.4."""
    match request.text:
        case TextOps.WITHOUT:
            return ()
        case TextOps.WITH:
            return (f"tensorflow-text=={_minor(request)}.*",)


def _minor(request: EnvironmentRequest) -> str:
    return ".".join(request.release.version.split(".")[:2])


def exclude_newer(request: EnvironmentRequest) -> date | None:
    """Return the last day whose uploads the resolver may use, None for no limit."""
    match request.install:
        case InstallPolicy.AS_RELEASED:
            return request.release.released + AS_RELEASED_AFTER
        case InstallPolicy.TODAY | InstallPolicy.TODAY_UV:
            return None


def is_seeded(request: EnvironmentRequest) -> bool:
    """Return True if its venv is made by `python -m venv`, which puts packages into it before anything is installed.

    Also as released: venv and pip were the commonest way on each of those days, and brought what that interpreter brings now.
    `uv venv` makes an empty one.
    """
    match request.install:
        case InstallPolicy.AS_RELEASED | InstallPolicy.TODAY:
            return True
        case InstallPolicy.TODAY_UV:
            return False


def settings(request: EnvironmentRequest) -> Mapping[str, str]:
    """Return the environment variables that the request sets for its cells."""
    return {**_device_settings(request.accelerator), **_keras_settings(request.keras)}


def _keras_settings(keras: KerasChoice) -> Mapping[str, str]:
    match keras:
        case KerasChoice.DEFAULT:
            return {}
        case KerasChoice.LEGACY:
            return {"TF_USE_LEGACY_KERAS": "1"}


def _device_settings(accelerator: Accelerator) -> Mapping[str, str]:
    """Return the variables that cells on an accelerator need: without this one TensorFlow takes all memory of a GPU."""
    match accelerator:
        case Accelerator.GPU:
            return {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}
        case Accelerator.NONE | Accelerator.TPU:
            return {}
