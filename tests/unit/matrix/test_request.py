"""What a user would have typed for each kind of environment."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from harness.domain import Accelerator, EnvironmentRequest, InstallPolicy, KerasChoice, Release, TextOps
from harness.matrix.request import exclude_newer, overrides, requirements, settings

RELEASE = Release(version="2.16.2", package="tensorflow", released=date(2024, 6, 28), pythons=("3.11", "3.12"))


def request(
    install: InstallPolicy = InstallPolicy.AS_RELEASED, keras: KerasChoice = KerasChoice.DEFAULT, hub: str | None = None
) -> EnvironmentRequest:
    return EnvironmentRequest(id="e", release=RELEASE, install=install, keras=keras, python=None, hub=hub)


def test_requirements() -> None:
    assert requirements(request()) == ("tensorflow==2.16.2", "tensorflow-hub")
    assert requirements(request(keras=KerasChoice.LEGACY)) == ("tensorflow==2.16.2", "tensorflow-hub", "tf-keras")
    assert requirements(request(hub="0.12.0")) == ("tensorflow==2.16.2", "tensorflow-hub==0.12.0")


def test_tensorflow_text_comes_with_its_minor_and_with_tensorflow_itself() -> None:
    wanted = replace(request(), text=TextOps.WITH)
    assert requirements(wanted) == ("tensorflow==2.16.2", "tensorflow-hub", "tensorflow-text==2.16.*")
    legacy = replace(wanted, keras=KerasChoice.LEGACY)
    assert requirements(legacy) == ("tensorflow==2.16.2", "tensorflow-hub", "tf-keras", "tensorflow-text==2.16.*")
    old = Release(version="2.8.4", package="tensorflow-cpu", released=date(2022, 11, 16), pythons=("3.10",))
    assert requirements(replace(wanted, release=old)) == ("tensorflow==2.8.4", "tensorflow-hub", "tensorflow-text==2.8.*")
    assert requirements(replace(request(), release=old)) == ("tensorflow-cpu==2.8.4", "tensorflow-hub")


@pytest.mark.parametrize(
    ("version", "tpu", "gpu"),
    [
        ("1.15.5", ("tensorflow-tpu==1.15.5", "tensorflow-hub"), "tensorflow-gpu==1.15.5"),
        ("2.0.4", ("tensorflow-tpu==2.0.4", "tensorflow-hub"), "tensorflow-gpu==2.0.4"),
        ("2.1.4", ("tensorflow-tpu==2.1.4", "tensorflow-hub"), "tensorflow==2.1.4"),
        ("2.13.1", ("tensorflow-tpu==2.13.1", "tensorflow-hub"), "tensorflow==2.13.1"),
        ("2.14.1", ("tensorflow-tpu==2.14.1", "tensorflow-hub", "tf-keras==2.14.*"), "tensorflow[and-cuda]==2.14.1"),
        ("2.19.1", ("tensorflow-tpu==2.19.1", "tensorflow-hub", "tf-keras==2.19.*"), "tensorflow[and-cuda]==2.19.1"),
    ],
)
def test_hardware_asks_for_packages_of_its_own(version: str, tpu: tuple[str, ...], gpu: str) -> None:
    released = replace(RELEASE, version=version, package="tensorflow-cpu")
    wanted = replace(request(), release=released, accelerator=Accelerator.TPU)
    assert requirements(wanted) == tpu
    assert requirements(replace(wanted, keras=KerasChoice.LEGACY)) == tpu
    assert requirements(replace(wanted, accelerator=Accelerator.GPU)) == (gpu, "tensorflow-hub")


def test_tensorflow_is_not_installed_twice() -> None:
    """tf-keras, on which tensorflow-hub depends, would bring `tensorflow` beside `tensorflow-tpu`."""
    assert overrides(replace(request(), accelerator=Accelerator.TPU)) == ("tensorflow; python_version < '0'",)
    assert overrides(request()) == overrides(replace(request(), accelerator=Accelerator.GPU)) == ()


def test_exclude_newer() -> None:
    assert exclude_newer(request()) == date(2024, 7, 19)
    assert exclude_newer(request(install=InstallPolicy.TODAY)) is None


def test_settings() -> None:
    assert settings(request()) == {}
    assert settings(request(keras=KerasChoice.LEGACY)) == {"TF_USE_LEGACY_KERAS": "1"}
    assert settings(replace(request(), accelerator=Accelerator.TPU)) == {}
    assert settings(replace(request(), accelerator=Accelerator.GPU)) == {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}
