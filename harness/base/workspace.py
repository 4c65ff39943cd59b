"""The folders and files of a project. Nothing else knows their names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness.base.memo import Memo

CHECKS = "checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The folders of one project. `root` holds matrix.yaml and cases/; everything else is below it.

    `reports` is where runs and their site go, relative to the root. `lock_folder` is where locks are, below the state.
    """

    root: Path
    reports: str = "reports"
    lock_folder: str = "locks"

    def of_check(self, model: str) -> Workspace:
        """Return this project with runs and site of a user's own model kept apart from those of the matrix."""
        return replace(self, reports=f"{self.reports}/{CHECKS}/{model}")

    def with_sealed_locks(self, name: str) -> Workspace:
        """Return this project with the locks of a folder of its own, which another machine made."""
        return replace(self, lock_folder=f"locks/sealed-{name}")

    @property
    def checks(self) -> Path:
        """Runs and sites of users' own models."""
        return self.root / self.reports / CHECKS

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
        return self.state / self.lock_folder

    @property
    def venvs(self) -> Path:
        return self.state / "venvs"

    @property
    def toolchains(self) -> Path:
        return self.state / "toolchains"

    @property
    def companions(self) -> Path:
        """Packages that cases ask for, beside the environments."""
        return self.state / "companions"

    @property
    def bytecode(self) -> Path:
        return self.state / "bytecode"

    @property
    def work(self) -> Path:
        return self.state / "work"

    @property
    def checked(self) -> Path:
        """Unpacked and fetched models, and the facts read from each."""
        return self.state / "checked"

    @property
    def published(self) -> Path:
        """Models as published, a folder for each server they were fetched from."""
        return self.state / "published"

    @property
    def compiled(self) -> Path:
        """Answers of the TPU compiler, by the content of the program."""
        return self.state / "compiled"

    @property
    def sizes(self) -> Path:
        """Models of true size, their programs, and the TPU compiler's answers."""
        return self.state / "sizes"

    @property
    def memo(self) -> Memo:
        """Results of earlier commands, to be deleted at any time."""
        return Memo(self.state / "memo")

    @property
    def all_results(self) -> Path:
        """The stores of this project: that of the matrix, and one for each model of a user."""
        return self.state / "results"

    @property
    def results(self) -> Path:
        """The store: every run that was measured here, or taken in."""
        return self.all_results / self.reports / "results.sqlite"

    @property
    def baseline(self) -> Path:
        """The baseline: results of the whole matrix, as text that is committed."""
        return self.root / self.reports / "baseline"

    @property
    def observed(self) -> Path:
        # Not below `reports`: of the project, also where that is the folder of a checked model.
        return self.root / "reports" / "reported" / "observed.jsonl"

    @property
    def site(self) -> Path:
        return self.root / self.reports / "site"
