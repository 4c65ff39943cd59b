"""What a user would have typed for each kind of environment."""

from __future__ import annotations

from datetime import date

from harness.domain import EnvironmentRequest, InstallPolicy, KerasChoice, Release
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


def test_exclude_newer() -> None:
    assert exclude_newer(request()) == date(2024, 7, 19)
    assert exclude_newer(request(install=InstallPolicy.TODAY)) is None


def test_settings() -> None:
    assert settings(request()) == {}
    assert settings(request(keras=KerasChoice.LEGACY)) == {"TF_USE_LEGACY_KERAS": "1"}
