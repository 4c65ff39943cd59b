"""Compile the conditions of declared failures, and find the declaration that applies to given facts. Pure.

compiled(cases, vocabulary)   every declaration, or one SpecError with every fault of their conditions
applying(declarations, facts) the declaration that applies; the topmost mark of a case wins
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from typing_extensions import assert_never

from harness.base.errors import Problem, SpecError
from harness.domain import Case, Declaration, Interface, Plan, model_of
from harness.matrix.condition import Condition, Either, Every, Negation, Term, as_test
from harness.matrix.facts import Facts, planned
from harness.matrix.names import Context
from harness.matrix.selector import Selector, Vocabulary, read_selector


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditional:
    """A declaration with its conditions. `until` is None where it has none."""

    declaration: Declaration
    when: Selector
    until: Selector | None

    def applies(self, facts: Facts) -> bool:
        """Return True if the failure is expected where these facts hold."""
        return self.when(facts) and not (self.until is not None and self.until(facts))


PLANNED = frozenset({"tensorflow", "install", "keras", "text", "model", "format", "device", "interface"})
"""The names whose values a plan has. Not `python` and `hub`: they are those that were installed, and a plan has pins at most."""

Declared: TypeAlias = Mapping[str, tuple[Conditional, ...]]
"""By case id, in the order of the marks."""


def compiled(cases: Iterable[Case], vocabulary: Vocabulary, problems: Iterable[Problem] = ()) -> Declared:
    """Return the declarations of all cases.

    Args:
        cases: all cases, with their marks.
        vocabulary: the values of the axes; any value is accepted for a name that isn't there.
        problems: other problems of the cases, to report in the same error.

    Raises:
        SpecError: all of those problems, and every fault of a condition at its mark.
    """
    problems = list(problems)
    by_case: dict[str, tuple[Conditional, ...]] = {}
    for case in cases:
        if case.declarations:
            by_case[case.id] = tuple(_conditional(declaration, vocabulary, problems) for declaration in case.declarations)
    if problems:
        raise SpecError.of(tuple(dict.fromkeys(problems)))
    return by_case


def applying(conditionals: Sequence[Conditional], facts: Facts) -> Declaration | None:
    """Return the declaration that applies to these facts, the topmost if several do; None if none does."""
    return next((conditional.declaration for conditional in conditionals if conditional.applies(facts)), None)


def never_holding(
    cases: Iterable[Case], declared: Declared, plan: Plan, interfaces: Mapping[str, Interface]
) -> tuple[Problem, ...]:
    """Return a problem for each declaration that can't apply in any cell of a plan.

    Facts that a plan does not have (packages, the interpreter that is taken, variants) may have any value: a condition is reported
    only if it fails for all of them.
    """
    problems: list[Problem] = []
    distinct: dict[object, tuple[Facts, ...]] = {}
    for case in cases:
        for conditional in declared.get(case.id, ()):
            names = (conditional.when.names | (conditional.until.names if conditional.until else frozenset())) & PLANNED
            key = names, case.is_about(None), case.formats, case.interfaces, case.devices
            # The full tier has 9,000 cells, and most conditions ask about the same few names: few combinations are left to test.
            if key not in distinct:
                distinct[key] = _distinct(case, names, plan, interfaces)
            if not any(_may_apply(conditional, facts) for facts in distinct[key]):
                declaration = conditional.declaration
                text = declaration.when + (f", until {declaration.until}" if declaration.until else "")
                message = f"no cell of the full plan that runs this case fulfils `{text}`"
                problems.append(Problem(location=declaration.location, message=message))
    return tuple(dict.fromkeys(problems))


def _distinct(case: Case, names: frozenset[str], plan: Plan, interfaces: Mapping[str, Interface]) -> tuple[Facts, ...]:
    """Return the facts of the cells that run a case, once for each combination of the values of these names."""
    distinct: dict[tuple[str | None, ...], Facts] = {}
    for cell in plan.cells:
        if case.bears_on(model_of(cell, plan.models), cell.axes.device):
            facts = planned(cell.axes, interfaces, cell.environment, cell.id)
            distinct.setdefault(tuple(facts[name] for name in sorted(names)), facts)
    return tuple(distinct.values())


def _may_apply(conditional: Conditional, facts: Facts) -> bool:
    when = may_hold(conditional.when.condition, facts)
    until = may_hold(conditional.until.condition, facts) if conditional.until else False
    return when is not False and until is not True


def may_hold(condition: Condition, facts: Facts) -> bool | None:
    """Return True or False if a condition holds or fails for certain; None where that depends on facts that a plan lacks."""
    match condition:
        case Term(name=name):
            return as_test(condition)(facts) if name in PLANNED else None
        case Negation(part=part):
            answer = may_hold(part, facts)
            return None if answer is None else not answer
        case Every(parts=parts):
            answers = [may_hold(part, facts) for part in parts]
            return False if False in answers else None if None in answers else True
        case Either(parts=parts):
            answers = [may_hold(part, facts) for part in parts]
            return True if True in answers else None if None in answers else False
        case _:
            assert_never(condition)


def _conditional(declaration: Declaration, vocabulary: Vocabulary, problems: list[Problem]) -> Conditional:
    when = _condition("when", declaration.when, declaration, vocabulary, problems)
    until = _condition("until", declaration.until, declaration, vocabulary, problems) if declaration.until else None
    return Conditional(declaration=declaration, when=when, until=until)


def _condition(argument: str, text: str, declaration: Declaration, vocabulary: Vocabulary, problems: list[Problem]) -> Selector:
    selector = read_selector(text, Context.DECLARATION, vocabulary)
    if isinstance(selector, Selector):
        return selector
    for fault in selector:
        message = f"{argument}, character {fault.column}: {fault.message}"
        problems.append(Problem(location=declaration.location, message=message, hint=fault.hint))
    return Selector(text=text)
