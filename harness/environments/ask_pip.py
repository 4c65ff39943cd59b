"""Ask a venv's own pip, on its Python, which versions `pip install` would choose; nothing is installed.

    python ask_pip.py answer.json [pip's options] tensorflow==2.15.1 tensorflow-hub

The question goes through pip's command line and pip's resolver, whatever their version; only the download of what was chosen is
left out. Python 3.7 syntax, nothing of the project: imported by nobody.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any, List


def main(answer: str, arguments: List[str]) -> int:
    preparer = importlib.import_module("pip._internal.operations.prepare").RequirementPreparer
    resolver = importlib.import_module("pip._internal.resolution.resolvelib.resolver").Resolver
    resolve = resolver.resolve

    def resolve_and_stop(self: Any, *positional: Any, **options: Any) -> None:
        resolve(self, *positional, **options)
        # Candidates such as `<Python from Requires-Python>` aren't packages; one of a package with an extra is the package.
        chosen = [candidate for candidate in self._result.mapping.values() if not candidate.name.startswith("<")]
        Path(answer).write_text(json.dumps({candidate.project_name: str(candidate.version) for candidate in chosen}))
        raise SystemExit(0)

    # With lazily read wheels, this is where pip downloads what it has chosen: TensorFlow alone is 0.2 to 0.6 GB.
    preparer.prepare_linked_requirements_more = lambda *_, **__: None
    resolver.resolve = resolve_and_stop
    return int(importlib.import_module("pip._internal.cli.main").main(["install", "--use-feature=fast-deps", *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
