"""Where things live in a project: the only place that knows the names of folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The folders of one project. `root` holds matrix.yaml and cases/; everything else is below it."""

    root: Path

    @property
    def matrix(self) -> Path:
        return self.root / "matrix.yaml"

    @property
    def cases(self) -> Path:
        return self.root / "cases"

    @property
    def reported(self) -> Path:
        return self.cases / "reported"

    @property
    def claims(self) -> Path:
        return self.cases / "claims.yaml"

    @property
    def state(self) -> Path:
        return self.root / ".hubmatrix"

    @property
    def locks(self) -> Path:
        return self.state / "locks"

    @property
    def venvs(self) -> Path:
        return self.state / "venvs"

    @property
    def toolchains(self) -> Path:
        return self.state / "toolchains"

    @property
    def bytecode(self) -> Path:
        return self.state / "bytecode"

    @property
    def work(self) -> Path:
        return self.state / "work"

    @property
    def runs(self) -> Path:
        return self.root / "reports" / "runs"

    @property
    def observed(self) -> Path:
        return self.root / "reports" / "reported" / "observed.jsonl"

    @property
    def site(self) -> Path:
        return self.root / "reports" / "site"
