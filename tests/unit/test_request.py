"""What a user would have typed for each kind of environment."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from harness.domain import EnvironmentRequest, InstallPolicy, KerasChoice, Release, TextOps
from harness.request import exclude_newer, requirements, settings

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


def test_exclude_newer() -> None:
    assert exclude_newer(request()) == date(2024, 7, 19)
    assert exclude_newer(request(install=InstallPolicy.TODAY)) is None


def test_settings() -> None:
    assert settings(request()) == {}
    assert settings(request(keras=KerasChoice.LEGACY)) == {"TF_USE_LEGACY_KERAS": "1"}
