"""`hubmatrix serve`: the local Hub server for use by hand, until Ctrl-C."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from harness.models import replicas
from harness.services.hub_server import server
from harness.services.hub_server.answers import FAULTS


def serve_hub(models: Sequence[str], *, host: str, port: int, log: bool, as_json: bool, tell: Callable[[str], None]) -> None:
    """Serve these models, or all, until Ctrl-C. `tell` gets one text, once the server answers.

    Raises:
        ModelError: an unknown model.
        SpecError: `host` isn't an address of this machine alone.
        MachineError: the port can't be used.
    """
    chosen = tuple(map(replicas.find_replica, models)) if models else replicas.every()
    with server.serving(server.archives_of(chosen), host=host, port=port, log=sys.stderr if log else None) as running:
        handles = {replica.manifest.id: running.address + urlsplit(replica.manifest.handle).path for replica in chosen}
        facts = {"format": 1, "address": running.address, "models": handles, "faults": dict(FAULTS)}
        tell(json.dumps(facts) if as_json else _text(running.address, handles))
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return


def _text(address: str, handles: dict[str, str]) -> str:
    width = max(map(len, FAULTS))
    lines = [f"{address} serves, until Ctrl-C:", *(f"    {handle}" for handle in handles.values()), ""]
    lines.append(f"With {address}/fault/NAME in place of {address}:")
    lines += [f"    {name:<{width}}  {effect}" for name, effect in FAULTS.items()]
    example = next(iter(handles.values()), "")
    return "\n".join([*lines, "", f'    hub.load("{example}")', f"    python -m pytest cases/fetching --hub-server {address} ..."])
