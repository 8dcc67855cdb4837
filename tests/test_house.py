"""The house is in order: one stem per loss everywhere, documentation complete, objects well-behaved."""

import copy
import inspect
import pickle
import pydoc
import re
from dataclasses import FrozenInstanceError, field, fields, is_dataclass
from pathlib import Path
from unittest.mock import ANY

import numpy as np
import pytest
from oracle_mpmath import ORACLES
from variants import EVERY, VARIANTS, data

import pyloss
from pyloss import LOSSES, Loss, _stubs
from pyloss._domains import Domain
from pyloss._kernels import load
from pyloss._loss import parameter
from pyloss._runtime import available_levels

every_loss = pytest.mark.parametrize("stem", LOSSES)
every_variant = pytest.mark.parametrize("variant", VARIANTS, ids=str)
COMMON = ["reduction", "on_empty", "check"]
PACKAGE = Path(pyloss.__file__).parent
README = Path(__file__).parents[1] / "README.md"


def own_parameters(stem):
    return {f.name: f.default for f in fields(LOSSES[stem]) if f.name not in COMMON}


def snake(name: str) -> str:
    """KLDivergence becomes kl_divergence."""
    return re.sub(r"(?<=[a-z])(?<!Mc)(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})", "_", name).lower()


ROOT = README.parent
LONGER = {"pyloss/__init__.pyi": "written by pyloss/_stubs.py, for tools and not for readers"}


def test_no_file_is_longer_than_500_lines():
    """Or has a reason."""
    folders = (ROOT / name for name in ("csrc", "pyloss", "tests", "benchmarks"))
    files = [
        path
        for folder in folders
        for path in folder.rglob("*.*")
        if path.suffix in (".py", ".pyi", ".pyx", ".pxi", ".h")
    ]
    long = {path.relative_to(ROOT).as_posix() for path in files if len(path.read_text("utf-8").splitlines()) > 500}
    assert len(files) > 100
    assert long <= set(LONGER)


ENDLESS = {"_functions.py": "one entry for each kind of loss"}


def test_no_cache_grows_without_an_end():
    """Least of all one of numbers that a caller chooses. Or it has a reason."""
    endless = re.compile(r"^\s*@(functools\.)?cache\b|maxsize=None", re.MULTILINE)
    assert {path.name for path in PACKAGE.rglob("*.py") if endless.search(path.read_text("utf-8"))} <= set(ENDLESS)


# One stem everywhere --------------------------------------------------------------------------------------------------


def test_the_registry_is_the_reference():
    stems = {name for name in pyloss.reference.__all__ if name.islower()} - {"evaluate", "linear_cce", "reduce"}
    assert set(LOSSES) == stems
    assert set(ORACLES) <= stems


@every_loss
def test_stems(stem):
    cls = LOSSES[stem]
    assert cls.name == stem == snake(cls.__name__)
    assert getattr(pyloss, cls.__name__) is cls
    assert getattr(pyloss, stem).__name__ == stem
    assert {cls.__name__, stem} <= set(pyloss.__all__)
    assert issubclass(cls, Loss)
    assert is_dataclass(cls)


@every_loss
def test_every_parameter_is_varied(stem):
    """By a variant; but for the class axis, which the tests of layouts move."""
    for name, default in own_parameters(stem).items():
        given = [variant.parameters[name] for variant in EVERY if variant.stem == stem and name in variant.parameters]
        assert name in ("axis", "class_axis") or any(value != default for value in given), name


def test_everything_public_is_there():
    for name in pyloss.__all__:
        assert getattr(pyloss, name) is not None
    assert len(set(pyloss.__all__)) == len(pyloss.__all__)


@every_loss
def test_the_function_has_the_signature_of_the_class(stem):
    signature = inspect.signature(getattr(pyloss, stem))
    positional = [name for name, p in signature.parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    keywords = {name: p.default for name, p in signature.parameters.items() if p.kind is p.KEYWORD_ONLY}
    assert positional == ["y_true", "y_pred", "sample_weight"]
    defaults = {f.name: f.default for f in fields(LOSSES[stem])}
    assert keywords == {**own_parameters(stem), **{name: defaults[name] for name in COMMON}, "out": None}
    assert list(keywords) == [*own_parameters(stem), *COMMON, "out"]


@every_loss
def test_the_reference_has_the_parameters_of_the_class(stem):
    signature = inspect.signature(getattr(pyloss.reference, stem))
    keywords = {name: p.default for name, p in signature.parameters.items() if p.kind is p.KEYWORD_ONLY}
    keywords.pop("sample_weight", None)
    assert keywords == own_parameters(stem)


@every_variant
def test_functions_compute_what_classes_do(variant):
    y, p = data(variant, (5, 3))
    function = getattr(pyloss, variant.stem)
    assert function(y, p, **variant.parameters) == variant()(y, p)
    assert function(y, p, np.arange(5), **variant.parameters, reduction="sum") == variant(reduction="sum")(
        y, p, np.arange(5)
    )


@pytest.mark.skipif(not README.exists(), reason="the sources are not there")
@every_loss
def test_the_readme_lists_the_loss(stem):
    assert f"`{LOSSES[stem].__name__}`" in README.read_text()


# Documentation --------------------------------------------------------------------------------------------------------


@every_loss
def test_docstrings(stem):
    """A line of character, the formula, the domains, the choices, a reference."""
    cls = LOSSES[stem]
    first, empty, *rest = inspect.getdoc(cls).splitlines()
    assert 20 < len(first) < 140
    assert first.endswith(".")
    assert empty == ""
    assert any(line.startswith("Reference: ") for line in rest)
    text = " ".join(rest)
    assert "value" in text
    assert "gradient" in text or issubclass(cls, LOSSES["cce"])
    for name in own_parameters(stem):
        assert name in text or issubclass(cls, LOSSES["cce"]), f"{name} is not explained"
    assert cls.summary() == first
    assert first in inspect.getdoc(getattr(pyloss, stem))


@every_loss
def test_reference_docstrings(stem):
    assert inspect.getdoc(getattr(pyloss.reference, stem))


def test_what_is_public_is_documented():
    for name in pyloss.__all__:
        thing = getattr(pyloss, name)
        if callable(thing):
            assert inspect.getdoc(thing), name
            if isinstance(thing, type):
                undocumented = [
                    m for m, f in vars(thing).items() if not m.startswith("_") and callable(f) and not f.__doc__
                ]
                assert not undocumented, name


@every_loss
def test_help(stem):
    """Of the class, which asks every base for everything, and of the function."""
    of_class, of_function = map(pydoc.render_doc, (LOSSES[stem], getattr(pyloss, stem)))
    for name in (*own_parameters(stem), *COMMON):
        assert name in of_class
        assert f"{name}:" in of_function


def test_no_promises():
    words = re.compile(r"\b(TO" r"DO|FIX" r"ME|XXX|HACK)\b")
    for path in PACKAGE.rglob("*.py"):
        assert not words.search(path.read_text(encoding="utf-8")), path


def test_it_is_typed():
    assert (PACKAGE / "py.typed").exists()


def test_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+\w*", pyloss.__version__)


# Objects --------------------------------------------------------------------------------------------------------------


@every_variant
def test_pickles_and_copies_are_equal(variant):
    for loss in (variant(), variant(reduction="none", on_empty="zero", check=False)):
        loss(*data(variant, (2, 3)))
        copies = [pickle.loads(pickle.dumps(loss, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
        for twin in (*copies, copy.copy(loss), copy.deepcopy(loss)):
            assert twin == loss
            assert hash(twin) == hash(loss)
            assert repr(twin) == repr(loss)
            assert type(twin) is type(loss)


@every_variant
def test_the_repr_makes_the_object(variant):
    loss = variant(reduction="none")
    assert eval(repr(loss), {**vars(pyloss), "inf": np.inf}) == loss


@every_variant
def test_equality(variant):
    assert variant() == variant()
    assert variant() != variant(check=False)
    assert variant(reduction="sum") != variant(reduction="none")
    assert len({variant(), variant(), variant(check=False)}) == 2
    assert variant() != variant.stem


@every_variant
def test_immutability(variant):
    loss = variant()
    for f in fields(loss):
        with pytest.raises(FrozenInstanceError):
            setattr(loss, f.name, getattr(loss, f.name))
    with pytest.raises(FrozenInstanceError):
        loss.anything = 1


@every_loss
def test_parameters_are_those_of_the_loss_alone(stem):
    assert LOSSES[stem]().parameters == own_parameters(stem)


@every_variant
def test_names_of_the_methods(variant):
    y, p = data(variant, (4, 3))
    loss = variant()
    assert loss.forward(y, p) == loss(y, p)
    assert loss.forward(y, p, np.arange(4)) == loss(y, p, np.arange(4))
    np.testing.assert_array_equal(loss.backward(y, p), loss.grad(y, p))
    np.testing.assert_array_equal(loss.backward(y, p, np.arange(4)), loss.grad(y, p, np.arange(4)))


@every_variant
def test_a_diagonal_hessian_is_offered_where_there_is_one(variant):
    y, p = data(variant, (4, 3))
    result = pyloss.reference.evaluate(variant(), y, p)
    assert variant.has_hess == (result.hess is not None)


def test_values_are_python_floats():
    for variant in VARIANTS:
        y, p = data(variant, (4, 3))
        p = p.astype(np.float32)
        assert type(variant(reduction="mean")(y, p)) is float
        assert type(variant(reduction="mean").value_and_grad(y, p)[0]) is float


class Scaled(pyloss.Loss):
    """A user's loss: one parameter must be given, another has a factory, a third is no part of what it is."""

    scale: float
    notes: list = field(default_factory=list)
    label: str = field(default="", compare=False, repr=False)


def test_fields_of_a_loss_of_ones_own():
    assert Scaled(scale=2.0).notes == []
    assert Scaled(scale=2.0, label="a") == Scaled(scale=2.0, label="b")
    assert "label" not in repr(Scaled(scale=2.0))
    assert inspect.signature(Scaled).parameters["scale"].default is inspect.Parameter.empty
    with pytest.raises(TypeError, match=r"^Scaled: scale must be given$"):
        Scaled()
    with pytest.raises(TypeError, match=r"^Scaled: parameters are given by name, got 2.0 without one$"):
        Scaled(2.0)
    with pytest.raises(TypeError, match=r"^Scaled: pyloss has no kernel for it$"):
        Scaled(scale=2.0).accumulator().update([1.0], [2.0])


def test_others_may_say_that_they_are_equal():
    assert ANY == pyloss.MSE() == ANY
    assert pyloss.MSE() != 7


def test_a_loss_of_ones_own():
    """A subclass with a stem joins the registry, one without does not."""
    before = dict(LOSSES)

    class Twice(pyloss.MSE):
        pass

    assert before == LOSSES
    assert Twice()([0.0], [3.0]) == 9
    assert Twice() != pyloss.MSE()


def test_a_stem_belongs_to_one_loss():
    """To define the same class again, as a cell of a notebook does, is no other loss."""
    with pytest.raises(ValueError, match=r"^Mine: the stem 'mse' is that of pyloss\.losses\.regression\.MSE$"):
        type("Mine", (pyloss.MSE,), {}, stem="mse")
    assert LOSSES["mse"] is pyloss.MSE
    try:
        first, again = (type("Mine", (pyloss.MSE,), {}, stem="a stem of mine") for _ in range(2))
        assert first is not again
        assert LOSSES["a stem of mine"] is again
    finally:
        LOSSES.pop("a stem of mine", None)


@pytest.mark.parametrize(
    ("stem", "rule"),
    [
        ("huber", "delta : a number > 0, default 1.0"),
        ("cce", "axis : a whole number, default -1"),
        ("cce", "class_weight : a number in [0, inf) for each class or None, default None"),
        ("cce", "ignore_index : a whole number or None, default None"),
        ("cce", "softcap : a number in (0, inf) or None, default None"),
        ("dice", "axis : an axis, a tuple of axes or None, default None"),
        ("lovasz", "kind : 'hinge' or 'softmax' or 'probabilities', default 'hinge'"),
        ("multi_quantile", "quantiles : a number in (0, 1) for each quantile, default (0.1, 0.5, 0.9)"),
    ],
)
def test_rules_of_parameters(stem, rule):
    head, _, rules = LOSSES[stem].__doc__.partition("\nParameters\n----------\n")
    assert rule in rules.splitlines()
    assert [line.partition(" : ")[0] for line in rules.splitlines()] == list(own_parameters(stem))
    assert "Parameters" not in pyloss.MSE.__doc__ + head


def test_the_rules_of_parameters_of_ones_own():
    own = {"__doc__": "Mine.", "__annotations__": {"a": float}, "a": parameter(default=0.5, domain=Domain())}
    try:
        mine = type("Mine", (pyloss.MSE,), own, stem="a stem of mine")
        assert mine.__doc__ == "Mine.\n\nParameters\n----------\na : any number, default 0.5\n"
    finally:
        LOSSES.pop("a stem of mine", None)


class Started(pyloss.MSE):
    """One with an `__init__` of its own, which takes the fields by name."""

    def __init__(self, start: float = 0.0, **fields: object) -> None:
        super().__init__(**fields)


def test_a_loss_with_an_init_of_its_own_is_copied_by_its_fields():
    loss = Started(3.0, reduction="sum")
    assert copy.copy(loss) == pickle.loads(pickle.dumps(loss)) == loss


@every_variant
def test_a_missing_hessian_is_said_to_be_missing(variant):
    if variant.has_hess:
        return
    for missing, message in (
        ("grad_and_hess", f"{variant.stem} has no diagonal second derivative"),
        ("grat", f"'{type(variant()).__name__}' object has no attribute 'grat'"),
    ):
        with pytest.raises(AttributeError, match=f"^{message}$"):
            getattr(variant(), missing)


def test_the_stub_agrees_with_the_registry():
    stub = (PACKAGE / "__init__.pyi").read_text(encoding="utf-8")
    assert stub == _stubs.render()
    for name in pyloss.__all__:
        assert re.search(rf"^(def|class|from .* import .* as) {name}\b", stub, re.MULTILINE), name


@pytest.mark.parametrize("stem", [stem for stem, cls in LOSSES.items() if cls.predictions or cls.labels == "none"])
def test_the_stub_says_what_arrays_a_loss_takes(stem):
    """So that `pyloss.triplet(None, (a, p, n))` type-checks, and an array in the place of the None does not."""
    lines = _stubs.function_stub(LOSSES[stem]).splitlines()
    count = len(LOSSES[stem].predictions)
    assert ("    y_true: None," in lines) == (LOSSES[stem].labels == "none")
    assert not count or f"    y_pred: tuple[{', '.join(['ArrayLike'] * count)}] | list[ArrayLike]," in lines


def test_kernels_have_the_same_points_at_every_level():
    modules = [load(level, bits) for level in available_levels() for bits in (32, 64)]
    assert len({module.points() for module in modules}) == 1
