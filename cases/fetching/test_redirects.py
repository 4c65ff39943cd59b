"""Handles that lead elsewhere, as those of tfhub.dev lead to Kaggle since 2023."""

from urllib.error import HTTPError

import pytest
import tensorflow_hub as hub


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_redirect(at, cache, first_status, assert_whole, status):
    """A redirect is followed, and the model arrives."""
    assert first_status(at(f"/fault/{status}")) == status
    assert_whole(hub.resolve(at(f"/fault/{status}")))


@pytest.mark.declared(
    raises="HTTPError",
    match="HTTP Error 308: Permanent Redirect",
    when="python<3.11",
    instead="Python follows status 308 from 3.11 on: write the new address",
    proof="cases/fetching/test_redirects.py::test_folder_is_that_of_the_old_address",
)
def test_permanent_redirect(at, cache, first_status, assert_whole):
    """A redirect with status 308 is followed."""
    assert first_status(at("/fault/308")) == 308
    assert_whole(hub.resolve(at("/fault/308")))


def test_folder_is_that_of_the_old_address(at, cache, assert_whole):
    """The cache knows the handle that you wrote: written as it is since the move, the model is downloaded again."""
    old, new = hub.resolve(at("/fault/301")), hub.resolve(at("/moved"))
    assert old != new
    assert_whole(old)
    assert_whole(new)


def test_many_redirects(at, cache, first_status, assert_whole):
    """Ten redirects in a row are followed."""
    assert first_status(at("/fault/hops-10")) == 302
    assert_whole(hub.resolve(at("/fault/hops-10")))


@pytest.mark.parametrize("name", ["hops-11", "loop"])
def test_too_many_redirects(at, cache, name):
    """More than ten redirects are taken for a loop: HTTPError."""
    with pytest.raises(HTTPError, match="redirect error that would lead to an infinite loop"):
        hub.resolve(at("/fault/" + name))


def test_model_that_did_not_move(at, cache):
    """A model that was not moved to Kaggle leads to a list of models: "does not appear to be a valid module"."""
    with pytest.raises(OSError, match="does not appear to be a valid module"):
        hub.resolve(at("/fault/catalog"))
