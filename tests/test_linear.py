"""The cross-entropy of a linear layer: that of its logits, without the logits."""

import dataclasses
import pickle
import tracemalloc
from functools import partial

import ml_dtypes
import numpy as np
import pytest

import pyloss
from pyloss import _layer, reference

CLASSES, SIZE = 9, 6
OPTIONS = {
    "plain": {},
    "class_weight": {"class_weight": tuple(0.25 * k for k in range(CLASSES))},
    "ignore_index": {"ignore_index": 3},
    "all": {
        "class_weight": tuple(1.0 + k for k in range(CLASSES)),
        "ignore_index": -1,
        "label_smoothing": 0.1,
        "z_loss": 0.1,
        "softcap": 5.0,
        "temperature": 1.5,
    },
}
REDUCTIONS = ("mean", "sum", "batchmean", "none")
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


@pytest.fixture(autouse=True, params=["one tile", "many tiles"])
def tiles(request, monkeypatch):
    if request.param == "many tiles":
        monkeypatch.setattr(_layer, "LARGEST", 100)
        monkeypatch.setattr(_layer, "FEWEST", 7)


def arrays(shape=(50,), dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    hidden = rng.standard_normal((*shape, SIZE)).astype(dtype)
    weight = rng.standard_normal((CLASSES, SIZE)).astype(dtype)
    return rng.integers(CLASSES, size=shape), hidden, weight, rng.standard_normal(CLASSES).astype(dtype)


def assert_oracle(loss, y_true, hidden, weight, bias=None, sample_weight=None, tolerance=1e-12):
    parameters = {name: given for name, given in dataclasses.asdict(loss).items() if name not in ("on_empty", "check")}
    expected = reference.linear_cce(y_true, hidden, weight, bias, sample_weight, **parameters)
    value, grads = loss.value_and_grad(y_true, hidden, weight, bias, sample_weight)
    np.testing.assert_allclose(value, expected.value, rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(loss(y_true, hidden, weight, bias, sample_weight), value)
    for name, grad, other in zip(grads._fields, grads, expected.grad, strict=True):
        if name == "bias" and bias is None:
            assert grad is None
            continue
        assert grad.shape == other.shape
        np.testing.assert_allclose(
            grad, other, rtol=tolerance, atol=tolerance * np.abs(other).max(initial=1.0), err_msg=name
        )
    return value, grads


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("biased", [False, True], ids=["linear", "affine"])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_against_the_textbook(dtype, biased, weighted, options, reduction):
    y_true, hidden, weight, bias = arrays(dtype=dtype)
    y_true[5:9] = options.get("ignore_index", 0)
    sample_weight = np.arange(50) % 4 if weighted else None
    loss = pyloss.LinearCCE(reduction=reduction, **options)
    value, grads = assert_oracle(
        loss, y_true, hidden, weight, bias if biased else None, sample_weight, TOLERANCE[dtype]
    )
    assert {grad.dtype.name for grad in grads if grad is not None} == {dtype}
    assert isinstance(value, np.ndarray if reduction == "none" else float)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (3, 4), (2, 3, 5)], ids=str)
def test_rows_in_any_shape(shape, reduction):
    y_true, hidden, weight, bias = arrays(shape)
    sample_weight = np.arange(1.0, 1 + shape[0]) if shape else 2.0
    assert_oracle(pyloss.LinearCCE(reduction=reduction), y_true, hidden, weight, bias, sample_weight)


LAYOUTS = {
    "Fortran order": np.asfortranarray,
    "every second": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "backwards": lambda a: a[..., ::-1].copy()[..., ::-1],
    "upside down": lambda a: a[::-1].copy()[::-1],
    "other byte order": lambda a: a.astype(a.dtype.newbyteorder("S")),
    "unaligned": lambda a: np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape),
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "lists": np.ndarray.tolist,
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts(layout):
    loss, given = pyloss.LinearCCE(), arrays()
    expected_value, expected = loss.value_and_grad(*given)
    value, grads = loss.value_and_grad(*map(layout, given))
    assert value == pytest.approx(expected_value, rel=1e-14)
    for grad, other in zip(grads, expected, strict=True):
        np.testing.assert_allclose(grad, other, rtol=1e-12, atol=1e-15)


def test_zero_strides():
    y_true, _, weight, bias = arrays()
    assert_oracle(pyloss.LinearCCE(), y_true, np.broadcast_to(np.ones(SIZE), (50, SIZE)), weight, bias)


@pytest.mark.parametrize(
    ("dtypes", "computed"),
    [
        (("float16", "float16", "float32"), "float32"),
        (("float32", "float64", "float32"), "float64"),
        (("int8", "float32", "float32"), "float64"),
    ],
    ids=str,
)
def test_dtypes(dtypes, computed):
    """Each gradient has the dtype of what it belongs to, and float64 where that holds integers."""
    y_true, *layer = arrays()
    layer = [np.round(4 * array).astype(dtype) for array, dtype in zip(layer, dtypes, strict=True)]
    tolerance = 2e-3 if "float16" in dtypes else 2e-5
    _, grads = assert_oracle(pyloss.LinearCCE(reduction="none"), y_true, *layer, tolerance=tolerance)
    kept = [dtype if dtype.startswith("float") else "float64" for dtype in dtypes]
    assert [grad.dtype.name for grad in grads] == kept
    assert pyloss.LinearCCE(reduction="none")(y_true, *layer).dtype.name == computed


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint64", ">i4"])
def test_labels_of_any_integer_dtype(dtype):
    y_true, *layer = arrays()
    assert pyloss.LinearCCE()(y_true.astype(dtype), *layer) == pyloss.LinearCCE()(y_true, *layer)


# What counts nothing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["weight 0", "ignored", "masked", "masked vectors", "class weight 0"])
def test_what_counts_nothing_may_hold_anything(how):
    y_true, hidden, weight, bias = arrays()
    out = np.arange(0, 50, 3)
    kept = np.delete(np.arange(50), out)
    y_true[kept] %= 8
    class_weight = (*np.ones(8), 0.0) if how == "class weight 0" else None
    loss, sample_weight = pyloss.LinearCCE(ignore_index=-100, class_weight=class_weight), None
    expected_value, expected = loss.value_and_grad(y_true[kept], hidden[kept], weight, bias)
    hidden[out] = np.nan
    if how == "weight 0":
        sample_weight = np.ones(50)
        sample_weight[out], y_true[out] = 0, 7000
    elif how == "ignored":
        y_true[out] = -100
    elif how == "class weight 0":
        y_true[out] = 8
    elif how == "masked vectors":
        hidden = np.ma.masked_invalid(hidden)
    else:
        y_true = np.ma.masked_array(y_true, np.isin(np.arange(50), out))
    value, grads = loss.value_and_grad(y_true, hidden, weight, bias, sample_weight)
    assert value == pytest.approx(expected_value, rel=1e-14)
    assert not grads.hidden[out].any()
    np.testing.assert_allclose(grads.hidden[kept], expected.hidden, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(grads.weight, expected.weight, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(grads.bias, expected.bias, rtol=1e-12, atol=1e-15)


def test_the_reference_leaves_out_what_counts_nothing():
    y_true, hidden, weight, bias = arrays()
    y_true[::3] = -100
    ask = partial(reference.linear_cce, y_true, weight=weight, bias=bias, ignore_index=-100)
    expected = ask(hidden)
    hidden[::3] = np.nan
    found = ask(hidden)
    assert found.value == expected.value
    for ours, theirs in zip(found.grad, expected.grad, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_nan_is_data():
    y_true, hidden, weight, bias = arrays()
    hidden[4, 2] = np.nan
    value, grads = pyloss.LinearCCE().value_and_grad(y_true, hidden, weight, bias)
    assert np.isnan(value)
    assert np.isnan(grads.hidden[4]).all()
    assert np.isnan(grads.weight).all()
    assert np.isfinite(np.delete(grads.hidden, 4, axis=0)).all()


@pytest.mark.parametrize("y_true", [[], [5, 5]], ids=["no rows", "all ignored"])
def test_the_mean_of_nothing(y_true):
    hidden, weight = np.ones((len(y_true), SIZE)), np.ones((CLASSES, SIZE))
    y_true = np.array(y_true, int)
    value, grads = pyloss.LinearCCE(ignore_index=5).value_and_grad(y_true, hidden, weight)
    assert np.isnan(value)
    assert not grads.hidden.any()
    assert not grads.weight.any()
    assert pyloss.LinearCCE(ignore_index=5, on_empty="zero")(y_true, hidden, weight) == 0
    assert pyloss.LinearCCE(ignore_index=5, reduction="sum")(y_true, hidden, weight) == 0
    with pytest.raises(ValueError, match=r"^linear_cce: there is nothing to average"):
        pyloss.LinearCCE(ignore_index=5, on_empty="raise")(y_true, hidden, weight)


@pytest.mark.parametrize("of_classes", [False, True], ids=["rows", "classes"])
@pytest.mark.parametrize("total", [1e-310, 1e300])
def test_the_unit_of_the_weights_does_not_matter(total, of_classes):
    y_true, hidden, weight, bias = arrays()
    loss = pyloss.LinearCCE(class_weight=(total,) * CLASSES if of_classes else None)
    value, grads = loss.value_and_grad(y_true, hidden, weight, bias, None if of_classes else np.full(50, total))
    expected_value, expected = pyloss.LinearCCE().value_and_grad(y_true, hidden, weight, bias)
    assert value == pytest.approx(expected_value, rel=1e-12)
    np.testing.assert_allclose(grads.weight, expected.weight, rtol=1e-10, atol=1e-15)


# Results in arrays of the caller's ------------------------------------------------------------------------------------


OUTS = {
    "fresh": np.empty_like,
    "other dtype": lambda a: np.empty(a.shape, np.float32),
    "strided": lambda a: np.empty((*a.shape, 2))[..., 0],
    "itself": lambda a: a,
    "shifted by one": None,
}


@pytest.mark.parametrize("kind", OUTS)
def test_out(kind):
    loss, (y_true, *layer) = pyloss.LinearCCE(), arrays()
    value, expected = loss.value_and_grad(y_true, *layer)
    if kind == "shifted by one":
        room = [np.concatenate([np.zeros(1), array.ravel()]) for array in layer]
        layer = [flat[1:].reshape(array.shape) for flat, array in zip(room, layer, strict=True)]
        out = tuple(flat[:-1].reshape(array.shape) for flat, array in zip(room, layer, strict=True))
    else:
        out = tuple(OUTS[kind](array) for array in layer)
    again, grads = loss.value_and_grad(y_true, *layer, out=out)
    assert again == value
    for grad, given, other in zip(grads, out, expected, strict=True):
        assert grad is given
        np.testing.assert_allclose(grad, other, rtol=1e-6, atol=1e-8)


def test_some_outs():
    y_true, *layer = arrays()
    weight = np.empty_like(layer[1])
    grads = pyloss.LinearCCE().grad(y_true, *layer, out=(None, weight, None))
    assert grads.weight is weight
    np.testing.assert_array_equal(grads.hidden, pyloss.LinearCCE().grad(y_true, *layer).hidden)


def bad_outs(layer):
    hidden, weight, bias = map(np.empty_like, layer)
    yield TypeError, "out must be a tuple of 3 arrays", [hidden, weight, bias]
    yield TypeError, "out must be a tuple of 3 arrays", (hidden, weight)
    yield TypeError, "out must be a numpy.ndarray, got list", (hidden.tolist(), None, None)
    yield ValueError, "out must have the shape", (None, weight[1:], None)
    yield ValueError, "out must hold float16, float32 or float64", (None, None, bias.astype(int))
    yield ValueError, "the arrays of out share memory", (None, weight, weight[:, 0])


@pytest.mark.parametrize("number", range(6))
def test_bad_outs(number):
    y_true, *layer = arrays()
    error, message, out = list(bad_outs(layer))[number]
    before = [array.copy() for array in layer]
    with pytest.raises(error, match=f"^linear_cce: {message}"):
        pyloss.LinearCCE().value_and_grad(y_true, *layer, out=out)
    for array, other in zip(layer, before, strict=True):
        np.testing.assert_array_equal(array, other)


def test_an_out_for_no_bias():
    y_true, hidden, weight, bias = arrays()
    with pytest.raises(ValueError, match=r"^linear_cce: out has an array for the bias, and there is no bias$"):
        pyloss.LinearCCE().grad(y_true, hidden, weight, out=(None, None, bias))


# Errors ---------------------------------------------------------------------------------------------------------------

BAD = {
    "label": (IndexError, r"class labels must be in 0 \.\.\. 8, got 9 at index 7", {0: np.arange(50) % 10 + (np.arange(50) == 7) * 2}),
    "negative label": (IndexError, r"class labels must be in 0 \.\.\. 8, got -1 at index 0", {0: np.full(50, -1)}),
    "float labels": (TypeError, "y_true must hold integer class labels, got float64", {0: np.zeros(50)}),
    "bool labels": (TypeError, "y_true must hold integer class labels, got bool", {0: np.zeros(50, bool)}),
    "none": (TypeError, "hidden must be an array, got None", {1: None}),
    "no weight": (TypeError, "weight must be an array, got None", {2: None}),
    "complex": (TypeError, "hidden must hold real numbers", {1: np.zeros((50, SIZE), complex)}),
    "bool": (TypeError, "weight must hold real numbers", {2: np.zeros((CLASSES, SIZE), bool)}),
    "longdouble": (TypeError, "bias must hold real numbers", {3: np.zeros(CLASSES, np.longdouble)}),
    "sizes": (ValueError, r"hidden must have the shape \(\.\.\., size\) and weight \(classes, size\)", {2: np.zeros((CLASSES, 5))}),
    "no class": (ValueError, "weight needs at least 1 class", {2: np.zeros((0, SIZE)), 3: None}),
    "masked": (TypeError, "weight must not be masked", {2: np.ma.masked_less(np.zeros((CLASSES, SIZE)), 1)}),
    "an object": (TypeError, "hidden must be an array, got <object", {1: object()}),
    "0-d": (ValueError, "hidden must have the shape", {1: np.ma.masked_array(1.0, True)}),
    "bias": (ValueError, r"bias must have the shape \(9,\), got \(9, 1\)", {3: np.zeros((CLASSES, 1))}),
    "lengths": (ValueError, "y_true must have the shape of hidden without the last axis", {0: np.zeros(49, int)}),
    "column": (ValueError, "y_true must have the shape of hidden without the last axis", {0: np.zeros((50, 1), int)}),
    "weights": (ValueError, r"sample_weight must have the shape \(50,\)", {4: np.ones((50, 1))}),
    "negative weight": (ValueError, "sample_weight must be >= 0, got -1.0 at index 2", {4: np.where(np.arange(50) == 2, -1.0, 1)}),
}  # fmt: skip


@pytest.mark.parametrize(("error", "message", "changes"), BAD.values(), ids=BAD)
def test_errors(error, message, changes):
    given = [*arrays(), None]
    for place, changed in changes.items():
        given[place] = changed
    out = tuple(np.full_like(array, 7) for array in arrays()[1:])
    with pytest.raises(error, match=f"^linear_cce: {message}"):
        pyloss.LinearCCE().value_and_grad(*given, out=out if given[3] is not None else None)
    assert all((array == 7).all() for array in out)


@pytest.mark.parametrize(
    "given", [{"label_smoothing": 1.5}, {"temperature": 0}, {"reduction": "max"}, {"class_weight": [-1]}], ids=str
)
def test_bad_parameters(given):
    with pytest.raises(ValueError, match=f"^linear_cce: {next(iter(given))}"):
        pyloss.LinearCCE(**given)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("rows", [0, 50])
def test_class_weights_of_another_length(reduction, rows):
    given = arrays((rows,))
    out = tuple(np.full_like(array, 7) for array in given[1:])
    with pytest.raises(ValueError, match=r"^linear_cce: class_weight must hold one number per class, 9 for .* got 2$"):
        pyloss.LinearCCE(class_weight=[1, 2], reduction=reduction).value_and_grad(*given, out=out)
    assert all((array == 7).all() for array in out)


# The object -----------------------------------------------------------------------------------------------------------


def test_it_has_the_parameters_of_the_cross_entropy():
    others = {"from_logits", "eps", "axis"}
    expected = {field.name: field.default for field in dataclasses.fields(pyloss.CCE) if field.name not in others}
    assert {field.name: field.default for field in dataclasses.fields(pyloss.LinearCCE)} == expected


def test_an_immutable_value():
    loss = pyloss.LinearCCE(class_weight=[1, 2], temperature=2)
    assert loss == pickle.loads(pickle.dumps(loss)) == eval(repr(loss), vars(pyloss))
    assert hash(loss) == hash(pyloss.LinearCCE(class_weight=(1.0, 2.0), temperature=2.0))
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.temperature = 3


def test_the_function():
    given = arrays()
    assert pyloss.linear_cce(*given, temperature=2.0) == pyloss.LinearCCE(temperature=2.0)(*given)


def test_vectors_of_no_size():
    """The logits are the bias."""
    y_true, _, _, bias = arrays()
    _, grads = assert_oracle(pyloss.LinearCCE(), y_true, np.zeros((50, 0)), np.zeros((CLASSES, 0)), bias)
    assert grads.hidden.shape == (50, 0)


def test_weights_of_any_dtype():
    y_true, *layer = arrays()
    weights = np.arange(50) % 4
    expected = pyloss.LinearCCE()(y_true, *layer, weights)
    for dtype in ("float16", ml_dtypes.bfloat16, "uint8", "float32"):
        assert pyloss.LinearCCE()(y_true, *layer, weights.astype(dtype)) == expected
    with pytest.raises(TypeError, match=r"^linear_cce: sample_weight must hold real numbers"):
        pyloss.LinearCCE()(y_true, *layer, weights.astype(complex))


@pytest.mark.parametrize("classes", [20_000, 3], ids="{} classes".format)
@pytest.mark.parametrize("ignored", [0, 1])
def test_memory(request, ignored, classes):
    """A tile of logits and the gradients; where rows are left out, their vectors and gradients in a tile too. Little else."""
    if "many" in request.node.name:
        pytest.skip("the tiles are those of the library")
    rows, size = (4_000, 16) if classes > 3 else (500_000, 64)
    y_true = np.zeros(rows, int)
    y_true[:ignored] = 1
    hidden, weight = np.zeros((rows, size), np.float32), np.zeros((classes, size), np.float32)
    tracemalloc.start()
    try:
        _, grads = pyloss.LinearCCE(ignore_index=1).value_and_grad(y_true, hidden, weight)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    kept = grads.hidden.nbytes + grads.weight.nbytes
    assert peak < kept + (1.5 + ignored) * _layer.LARGEST + 64 * rows


def test_infinite_rows():
    """An infinite loss in one tile and a nan in another."""
    y_true, hidden, weight, bias = arrays()
    hidden[0], hidden[40] = 0, 1
    weight[1, 0] = -np.inf
    hidden[:, 0], y_true[3] = 1, 1
    with np.errstate(all="raise"):
        pyloss.LinearCCE().value_and_grad(y_true, hidden, weight, bias, np.geomspace(1e-300, 1e300, 50))
        assert pyloss.LinearCCE()(y_true, hidden, weight, bias) == np.inf
        hidden[40, 2] = np.nan
        assert np.isnan(pyloss.LinearCCE()(y_true, hidden, weight, bias))


def test_it_is_no_loss_of_predictions():
    with pytest.raises(TypeError, match=r"^linear_cce: evaluate is for losses of \(y_true, y_pred\)$"):
        reference.evaluate(pyloss.LinearCCE(), [0], [[1.0]])
