"""What runs beside the cells because some of their cases ask for it, from the first cell to the last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache

from typing_extensions import assert_never

from harness.domain import Service
from harness.hub import replicas, server


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """`environ` tells cells where services are. `names` is what records say instead of addresses, which differ from run to run."""

    environ: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def running(needed: Iterable[Service]) -> Iterator[Running]:
    """The services that are needed, in threads of this process, until the block ends."""
    environ: dict[str, str] = {}
    names: dict[str, str] = {}
    with ExitStack() as stack:
        for service in sorted(set(needed)):
            match service:
                case Service.HUB_SERVER:
                    address = stack.enter_context(server.serving(server.shelf(replicas.every()))).address
                    environ["HUBMATRIX_HUB_SERVER"] = address
                    names |= {address: "$HUB", address.removeprefix("http://"): "$HUB"}
                case _:
                    assert_never(service)
        yield Running(environ=environ, names=names)


@cache
def digest_of(service: Service) -> str:
    """Of everything that can change what the service does."""
    match service:
        case Service.HUB_SERVER:
            return server.digest()
        case _:
            assert_never(service)
