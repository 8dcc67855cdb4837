"""The pages of the losses: what is typeset there gives the numbers of the engine, and what the tables say is so.

Each formula of docs/formulas is read as TeX and evaluated, at random points and under all parameters that the tests of the losses use.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from variants import EVERY, Array, Variant

import pyloss

sys.path.insert(0, str(Path(__file__).parents[1] / "docs" / "_ext"))

import families_formulas
from families_formulas import Form, equations, family_of, formulas
from families_tex import COUNT, Reader, Scope, define, read

POINTS, CLASSES = 20, 5
CANCELS = 2.0**-30
"""A q of GeneralizedCE at which (1 - p^q) / q, as floats take it, has lost the digits that the engine keeps."""
CLOSE = {"rtol": 1e-9, "atol": 1e-12}
FORMS = [(stem, form) for stem, forms in formulas().items() for form in forms]
POINTWISE = [(stem, form) for stem, form in FORMS if pyloss.LOSSES[stem].family in ("elementwise", "paired", "rowwise")]
every_form = pytest.mark.parametrize(("stem", "form"), FORMS)


@dataclass
class Sample:
    """What the symbols of a formula stand for, and what the engine says there."""

    scope: dict[str, Any]
    value: Any
    grad: tuple[Any, ...]
    hess: tuple[Any, ...]


# From a loss to what its symbols stand for ----------------------------------------------------------------------------


def inside(domain: Any, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Numbers between the ends of a domain, which hit no kink; or labels."""
    if domain.integral:
        return rng.choice([-1.0, 1.0], shape)
    return rng.uniform(max(domain.low, -3) + 0.01, min(domain.high, 3) - 0.01, shape)


def predictions(loss: Any, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Array, ...]:
    return tuple(inside(domain, shape, rng) for domain in loss.predictions.values() or [loss.y_pred_domain])


def truth(variant: Variant, shape: tuple[int, ...], rng: np.random.Generator) -> Array | None:
    if variant().labels == "none":
        return None
    if variant.lists:
        classes = rng.permuted(np.tile(np.arange(shape[-1]), (*shape[:-1], 1)), axis=-1)
        return np.where(np.arange(shape[-1]) < rng.integers(1, shape[-1], (*shape[:-1], 1)), classes, -1)
    if variant.labels:
        return rng.integers(0, shape[-1], shape[:-1])
    return inside(variant().y_true_domain, shape[:-1] if variant.row_truth else shape, rng)


def parameters(loss: Any, count: int) -> dict[str, Any]:
    """By the names that they may have in a formula."""
    scope = {}
    for declared in fields(loss):
        given = getattr(loss, declared.name)
        if "each" in declared.metadata:
            given = np.ones(count) if given is None else np.array(given)
        written = declared.name.replace("_", r"\_")
        scope |= dict.fromkeys((declared.name, rf"\{written}", rf"\texttt{{{written}}}"), given)
    return scope | {r"\texttt{None}": None}


def scope_of(form: Form, loss: Any, numbers: dict[str, Any]) -> dict[str, Any]:
    """All symbols: the numbers, the parameters, and what is defined by them."""
    scope = {**parameters(loss, numbers[COUNT]), **numbers}
    for equation in form.where:
        name, function = define(equation)
        scope[name] = function(scope)
    value = read(form.value)
    return {**scope, r"\ell": lambda: value(scope)}


def symbols(form: Form, y: Any, preds: tuple[Any, ...]) -> dict[str, Any]:
    """The truth, as y and as t, and the predictions, or the residual."""
    names = [Reader(by).defined()[0] for by in form.by]
    given = {name: pred - y if name == "r" else pred for name, pred in zip(names, preds, strict=True)}
    return {"y": y, "t": y, **given}


def as_classes(variant: Variant, y: Any, count: int) -> dict[str, Any]:
    """What a truth of classes is called besides."""
    if variant.lists:
        end = np.append(np.flatnonzero(y == -1), count)[0]
        return {"L": set(y[:end].tolist())}
    if variant.labels:
        return {"t": np.eye(count)[y]}
    return {"t": np.exp(y)} if variant().parameters.get("log_true") else {}


def several(answer: Any) -> tuple[Any, ...]:
    return answer if isinstance(answer, tuple) else (answer,)


def samples(variant: Variant, form: Form, rng: np.random.Generator) -> Iterator[Sample]:
    """One for each element, or for each row."""
    loss, count = variant(reduction="none"), variant.classes or CLASSES
    rows = hasattr(loss, "axis")
    shape = (POINTS, count) if rows else (POINTS,)
    y, preds = truth(variant, shape, rng), predictions(loss, shape, rng)
    given = preds if loss.predictions else preds[0]
    values, grads = loss(y, given), several(loss.grad(y, given))
    hesses = several(loss.grad_and_hess(y, given)[1]) if form.hess else ()
    for i in range(POINTS):
        one = None if y is None else y[i]
        numbers = symbols(form, one, tuple(pred[i] for pred in preds)) | as_classes(variant, one, count)
        if variant.stem == "sparsemax":
            numbers[r"\tau"] = threshold(preds[0][i])
        scope = scope_of(form, loss, {COUNT: count, "K": float(count), **numbers})
        yield Sample(scope, values[i], tuple(x[i] for x in grads), tuple(x[i] for x in hesses))


def threshold(scores: Array) -> float:
    """What is taken from all scores so that those that stay positive sum to 1."""
    falling = np.sort(scores)[::-1]
    levels = (falling.cumsum() - 1) / np.arange(1, len(scores) + 1)
    return float(levels[falling > levels][-1])


def derivative(tex: str, by: str, scope: Scope) -> Any:
    """For each value of the index of what it is taken by, if that has one."""
    meaning, (_, letters) = read(tex), Reader(by).defined()
    if not letters:
        return meaning(scope)
    return np.array([meaning({**scope, letters[0]: k}) for k in range(scope[COUNT])])


def compare(form: Form, sample: Sample) -> None:
    scope = sample.scope
    assert_allclose(read(form.value)(scope), sample.value, **CLOSE)
    for tex, by, answer in zip(form.grad + form.hess, form.by * 2, sample.grad + sample.hess, strict=False):
        assert_allclose(derivative(tex, by, scope), answer, **CLOSE)
    for equation in form.such_that:
        left, right = equation.split("=", 1)
        assert read(left)(scope) == pytest.approx(read(right)(scope))


def variants_of(stem: str, form: Form) -> list[Variant]:
    """Those that a form is about."""
    defaults = {declared.name: declared.default for declared in fields(pyloss.LOSSES[stem])}
    mine = (each for each in EVERY if each.stem == stem and each.parameters.get("q") != CANCELS and form.is_of(each()))
    return [each for each in mine if all(getattr(each(), name) == defaults[name] for name in form.left_out)]


# The formulas ---------------------------------------------------------------------------------------------------------


@every_form
def test_all_that_stands_there_is_read(stem, form):
    """Also as both sides of what is typeset."""
    loss = pyloss.LOSSES[stem]
    assert bool(form.no_hess) != hasattr(loss, "grad_and_hess")
    sides = list(equations(form, loss))
    assert len(sides) == 1 + len(form.grad) + len(form.hess)
    for _, right in sides:
        assert callable(read(right))


@pytest.mark.parametrize("stem", pyloss.LOSSES)
def test_a_loss_has_one_formula_for_each_of_its_parameters(stem):
    """But for two kinds of Lovasz losses, which are told in words."""
    for variant in EVERY:
        if variant.stem == stem and variant.parameters.get("kind", "hinge") == "hinge":
            assert sum(form.is_of(variant()) for form in formulas()[stem]) == 1, variant


@pytest.mark.parametrize(("stem", "form"), POINTWISE)
def test_the_formula_of_an_element_or_a_row(stem, form, rng):
    variants = variants_of(stem, form)
    assert variants
    for variant in variants:
        for sample in samples(variant, form, rng):
            compare(form, sample)


@pytest.mark.parametrize(
    ("stem", "form"), [(stem, form) for stem, form in FORMS if pyloss.LOSSES[stem].family == "total"]
)
def test_the_formula_of_a_total(stem, form, rng):
    for variant in variants_of(stem, form):
        loss = variant()
        for _ in range(POINTS):
            y, pred = truth(variant, (CLASSES,), rng), predictions(loss, (CLASSES,), rng)
            weight = rng.uniform(0.5, 2, CLASSES)
            scope = scope_of(form, loss, {COUNT: CLASSES, "w": weight, **symbols(form, y, pred)})
            compare(form, Sample(scope, loss(y, *pred, weight), (loss.grad(y, *pred, weight),), ()))


def test_the_formula_of_sorted_errors(rng):
    """Of scores within the margin, where every error is positive."""
    (form,) = formulas()["lovasz"]
    loss = pyloss.Lovasz()
    for _ in range(POINTS):
        y, p = rng.choice([-1.0, 1.0], CLASSES), rng.uniform(-1, 1, CLASSES)
        order = np.argsort(y * p)
        scope = scope_of(form, loss, {COUNT: CLASSES, "y": y[order], "p": p[order]})
        compare(form, Sample(scope, loss(y, p), ((-y * loss.grad(y, p))[order],), ()))


# A batch that is compared with itself ---------------------------------------------------------------------------------


def units(x: Array) -> Array:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def through_norms(by_units: Array, x: Array) -> Array:
    """From the gradient by unit vectors to that by vectors of any length."""
    u = units(x)
    return (by_units - (by_units * u).sum(axis=1, keepdims=True) * u) / np.linalg.norm(x, axis=1, keepdims=True)


def by_similarities(form: Form, scope: Scope) -> Array:
    meaning = read(form.grad[0])
    count = scope[COUNT]
    return np.array([[meaning({**scope, "i": i, "j": j}) for j in range(count)] for i in range(count)])


def values(form: Form, scope: Scope) -> list[Any]:
    return [read(form.value)({**scope, "i": i}) for i in range(scope[COUNT])]


@pytest.mark.parametrize("temperature", [0.5, 0.2])
def test_the_formula_of_labelled_embeddings(temperature, rng):
    (form,) = formulas()["nt_xent"]
    y, x = np.array([0, 1, 0, 2, 1, 0, 2]), rng.normal(size=(7, 3))
    loss = pyloss.NTXent(temperature=temperature, reduction="none")
    scope = scope_of(form, loss, {COUNT: len(y), "y": y, "x": x})
    assert_allclose(values(form, scope), loss(y, x), **CLOSE)
    slopes = by_similarities(form, scope)
    np.fill_diagonal(slopes, 0)  # no embedding is compared with itself
    chained = through_norms((slopes + slopes.T) @ units(x) / temperature, x)
    assert_allclose(chained, loss.grad(y, x), **CLOSE)


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_the_formula_of_queries_and_keys(temperature, rng):
    (form,) = formulas()["info_nce"]
    a, b = rng.normal(size=(2, 6, 3))
    loss = pyloss.InfoNCE(temperature=temperature, reduction="none")
    scope = scope_of(form, loss, {COUNT: len(a), "a": a, "b": b})
    assert_allclose(values(form, scope), loss(None, (a, b)), **CLOSE)
    slopes = by_similarities(form, scope) / temperature
    by_queries, by_keys = loss.grad(None, (a, b))
    assert_allclose(through_norms(slopes @ units(b), a), by_queries, **CLOSE)
    assert_allclose(through_norms(slopes.T @ units(a), b), by_keys, **CLOSE)


# The tables of the pages ----------------------------------------------------------------------------------------------

FOLDER = Path(__file__).parents[1] / "docs" / "losses"
PAGES = {page.stem: page.read_text("utf-8") for page in FOLDER.glob("*.md") if page.stem != "index"}
ENTRY = re.compile(r"^```\{loss\} (\w+)$", re.MULTILINE)
ROW = re.compile(r"^\| \[`(\w+)`\]\(#loss-(\w+)\) \|(.*)\|$", re.MULTILINE)
HEADING = re.compile(r"^\| loss \|(.*)\|$", re.MULTILINE)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]


def column(name: str) -> dict[str, str]:
    """What the tables of all pages say about losses under a heading."""
    found = {}
    for page in PAGES.values():
        headings = cells(HEADING.findall(page)[0])
        if name in headings:
            found |= {stem: cells(rest)[headings.index(name)] for _, stem, rest in ROW.findall(page)}
    return {stem: said for stem, said in found.items() if said}


def test_a_page_has_the_losses_of_its_family():
    families = {}
    for loss in pyloss.LOSSES.values():
        families.setdefault(family_of(loss), set()).add(loss.__name__)
    assert {family: set(ENTRY.findall(page)) for family, page in PAGES.items()} == families
    for page in PAGES.values():
        rows = ROW.findall(page)
        assert [name for name, _, _ in rows] == ENTRY.findall(page)
        assert all(pyloss.LOSSES[stem].__name__ == name for name, stem, _ in rows)


SMALLEST = {"elementwise": (1,), "paired": (1,), "contrastive": (4, 2)}
"""The shapes in which a loss is all that it can be, beside one of several elements; one with an axis has one row of these."""


def convexity(stem: str, form: Form, rng: np.random.Generator) -> float:
    """The least that the mean of two values was above the value at the mean, in many trials."""
    variant = variants_of(stem, form)[0]
    loss, count = variant(reduction="sum"), variant.classes or 3
    rows = getattr(loss, "axis", None) == -1
    shape = (1, count) if rows else SMALLEST.get(loss.family, (count,))
    gaps = []
    for _ in range(3000):
        y = rng.integers(0, 2, shape[0]) if stem == "nt_xent" else truth(variant, shape, rng)
        if loss.y_true_domain.accepts_bool and y is not None:
            y = np.round(y)  # where it is certain, a loss may bend down
        ends = predictions(loss, shape, rng), predictions(loss, shape, rng)
        points = [*ends, tuple((a + b) / 2 for a, b in zip(*ends, strict=True))]
        left, right, middle = (loss(y, point if loss.predictions else point[0]) for point in points)
        gaps.append((left + right) / 2 - middle)
    return min(gaps)


CONVEX = column("convex")


def test_all_losses_are_convex_or_not():
    assert set(CONVEX) == set(pyloss.LOSSES)


@every_form
def test_a_loss_is_as_convex_as_its_page_says(stem, form, rng):
    """In all predictions, in none, or in those by one letter."""
    said = CONVEX[stem]
    assert (convexity(stem, form, rng) > -1e-9) is (said == "yes" or said == f"in {form.by[0].partition('_')[0]}")


@pytest.mark.parametrize(("stem", "said"), column("outlier").items())
def test_an_outlier_pulls_as_the_page_says(stem, said):
    """Twice as far off, the gradient is larger, the same or smaller; of probabilities, by the logit."""
    loss = pyloss.LOSSES[stem](**formulas()[stem][-1].given, reduction="sum")
    y = loss.y_true_domain.low if loss.y_true_domain.bounded else 1.0
    near, far = (abs(loss.grad([y], [y + distance])[0]) for distance in (20.0, 40.0))
    growth = far / near if far else 0.0
    assert said == ("grows" if growth > 1.2 else "bounded" if growth > 0.8 else "fades")


# That the proof can fail ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stem", "form"), POINTWISE)
def test_a_wrong_formula_is_found(stem, form, rng):
    """One that is a little too large, be it the value or a derivative."""
    sample = next(samples(variants_of(stem, form)[0], form, rng))
    for kind in ("value", "grad", "hess") if form.hess else ("value", "grad"):
        right = getattr(form, kind)
        wrong = f"{right} + 0.001" if kind == "value" else tuple(f"{tex} + 0.001" for tex in right)
        with pytest.raises(AssertionError):
            compare(replace(form, **{kind: wrong}), sample)


@pytest.mark.parametrize("tex", ["r +", "(r", r"\frac{r}", r"\lvert r", "r)", r"\begin{cases} r & r > 0", ""])
def test_what_makes_no_sense_is_not_read(tex):
    with pytest.raises(ValueError, match=r"missing|sense"):
        read(tex)


def test_a_symbol_that_stands_for_nothing():
    with pytest.raises(KeyError, match="q stands for nothing"):
        read("q r")({"r": 1.0})


def test_a_loss_without_formulas(monkeypatch):
    monkeypatch.setitem(pyloss.LOSSES, "stranger", pyloss.MSE)
    with pytest.raises(ValueError, match="has stranger"):
        formulas.__wrapped__()


def test_formulas_without_a_loss(monkeypatch, tmp_path):
    """Or with one of another family."""
    monkeypatch.setattr(families_formulas, "FOLDER", tmp_path)
    for stem in ("stranger", "bce"):
        (tmp_path / "robust.toml").write_text(f"[[{stem}]]\nvalue = 'r'\ngrad = '1'\nhess = '0'\n")
        with pytest.raises(ValueError, match=f"robust.toml: no loss of this family is called {stem}"):
            formulas.__wrapped__()
