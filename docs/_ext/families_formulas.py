"""The formulas of all losses, from docs/formulas: one file for each family, and in it for each form of a loss its value and derivatives."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pyloss
from pyloss import Loss

FOLDER = Path(__file__).parents[1] / "formulas"


@dataclass(frozen=True)
class Form:
    """A loss under given parameters, in TeX: its value, and by each prediction its derivatives."""

    value: str
    grad: tuple[str, ...]
    hess: tuple[str, ...] = ()
    no_hess: str = ""
    """Why there is none."""
    by: tuple[str, ...] = ("r",)
    """What the derivatives are taken by."""
    where: tuple[str, ...] = ()
    """What other symbols stand for."""
    such_that: tuple[str, ...] = ()
    """What holds for a symbol that no equation defines."""
    given: dict[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    """The parameters that the formulas do not have: they hold for their defaults."""
    notes: tuple[str, ...] = ()
    """What formulas do not say."""
    shown: tuple[dict[str, Any], ...] = ()
    """Other parameters for the picture."""
    over: tuple[float, ...] = ()
    """From where to where the picture goes."""

    def __post_init__(self) -> None:
        if bool(self.hess) == bool(self.no_hess):
            raise ValueError(f"{self.value} needs a Hessian, or why there is none")
        if {len(self.by), len(self.grad), len(self.hess or self.by)} != {len(self.by)}:
            raise ValueError(f"{self.value} needs one derivative by each of {self.by}")

    def is_of(self, loss: Loss) -> bool:
        return all(loss.parameters[name] == given for name, given in self.given.items())


def family_of(loss: type[Loss]) -> str:
    """The module in which a loss is defined."""
    return loss.__module__.rpartition(".")[2]


@cache
def formulas() -> dict[str, list[Form]]:
    """The forms of every loss; an error if a loss has none, or if they are those of no loss."""
    found = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for stem, forms in tomllib.loads(path.read_text("utf-8")).items():
            if stem not in pyloss.LOSSES or family_of(pyloss.LOSSES[stem]) != path.stem:
                raise ValueError(f"{path.name}: no loss of this family is called {stem}")
            found[stem] = [_form(entries) for entries in forms]
    if missing := set(pyloss.LOSSES) - set(found):
        raise ValueError(f"no file of {FOLDER} has {', '.join(sorted(missing))}")
    return found


def _form(entries: dict[str, Any]) -> Form:
    """What may be several is a tuple, even if it is one."""
    several = {"grad", "hess", "by"}
    given: dict[str, Any] = {}
    for name, entry in entries.items():
        wrapped = [entry] if name in several and isinstance(entry, str) else entry
        given[name] = tuple(wrapped) if isinstance(wrapped, list) else wrapped
    return Form(**given)


def equations(form: Form, loss: type[Loss]) -> Iterator[tuple[str, str]]:
    """Both sides of the equations of the value and the derivatives."""
    if loss.family == "elementwise":
        (by,) = form.by
        sides = [form.value, *form.grad, *form.hess]
        yield from zip((rf"\ell({by})", rf"\ell'({by})", rf"\ell''({by})"), sides, strict=False)
        return
    value = r"\ell_i" if form.by == ("s_{ij}",) else r"\ell"
    yield value, form.value
    for by, grad in zip(form.by, form.grad, strict=True):
        yield rf"\frac{{\partial {value}}}{{\partial {by}}}", grad
    for by, hess in zip(form.by, form.hess, strict=bool(form.hess)):
        yield rf"\frac{{\partial^2 {value}}}{{\partial {by}^2}}", hess
