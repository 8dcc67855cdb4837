"""pyloss.adapters.torch: every function gives the value and the gradients that torch's function of the same name gives."""

import inspect
import warnings

import pytest
import torch
import torch.nn.functional as functional

from pyloss.adapters import torch as ours

TORCHS_OWN = {"nll_loss", "multi_margin_loss", "multilabel_margin_loss"}
NAMES = [name for name in ours.__all__ if name.islower() and name not in TORCHS_OWN]
THEIRS = {name: getattr(functional, name) for name in NAMES}
LEFT_OUT = {"ctc_loss", "linear_cross_entropy"}
VECTORS = {"cosine_embedding_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss"}
NEEDS_GRAD = {
    "gaussian_nll_loss": (0, 2),
    "margin_ranking_loss": (0, 1),
    "cosine_embedding_loss": (0, 1),
    "triplet_margin_loss": (0, 1, 2),
    "triplet_margin_with_distance_loss": (0, 1, 2),
}
"""The places of the predictions, where it is not the first argument alone."""

OPTIONS = {
    "mse_loss": [{}, {"weight": "elements"}],
    "l1_loss": [{}, {"weight": "elements"}],
    "smooth_l1_loss": [{}, {"beta": 0.5}, {"beta": 0}],
    "huber_loss": [{}, {"delta": 0.7}, {"delta": 0.7, "weight": "elements"}],
    "binary_cross_entropy": [{}, {"weight": "elements"}, {"weight": "last"}],
    "binary_cross_entropy_with_logits": [
        {},
        {"weight": "elements"},
        {"weight": "last"},
        {"pos_weight": "one"},
        {"pos_weight": "last"},
        {"pos_weight": "last", "weight": "elements"},
    ],
    "multilabel_soft_margin_loss": [{}, {"weight": "last"}],
    "soft_margin_loss": [{}],
    "hinge_embedding_loss": [{}, {"margin": 0.3}],
    "margin_ranking_loss": [{}, {"margin": 0.5}],
    "kl_div": [{}, {"log_target": True}],
    "poisson_nll_loss": [{}, {"log_input": False}, {"log_input": False, "eps": 0.1}],
    "gaussian_nll_loss": [{}, {"full": True}, {"eps": 1e-3}],
    "cross_entropy": [
        {},
        {"weight": "classes"},
        {"ignore_index": 1},
        {"weight": "classes", "ignore_index": 1},
        {"label_smoothing": 0.1},
        {"label_smoothing": 0.1, "weight": "classes"},
        {"label_smoothing": 0.1, "weight": "classes", "ignore_index": 1},
    ],
    "cosine_embedding_loss": [{}, {"margin": 0.25}],
    "triplet_margin_loss": [{}, {"margin": 0.5, "p": 1}, {"p": 3}, {"swap": True, "eps": 0}],
    "triplet_margin_with_distance_loss": [{}, {"margin": 0.5}],
}
ANSWERED_BY_TORCH = {("multilabel_soft_margin_loss", "none"), ("kl_div", "none")}
CALLS = [(name, options) for name in NAMES for options in OPTIONS[name]]
every_call = pytest.mark.parametrize(("name", "options"), CALLS, ids=str)


def shapes(name):
    if name == "cross_entropy":
        return [(4,), (6, 4), (3, 4, 5), (2, 4, 3, 5)]
    if name in VECTORS:
        return [(4,), (6, 4), (2, 3, 4)] if name.startswith("triplet") else [(4,), (6, 4)]
    return [(4,), (6, 4), (2, 3, 4)] if name.startswith("multilabel") else [(), (7,), (6, 4), (2, 3, 5, 4)]


def reductions(name):
    return ["mean", "sum", "none", *(["batchmean"] if name == "kl_div" else [])]


class Data:
    """Arguments of every kind, the same each time."""

    def __init__(self, dtype=torch.float64):
        self.dtype = dtype
        self.random = torch.Generator().manual_seed(5)

    def scores(self, shape):
        return torch.randn(shape, generator=self.random, dtype=torch.float64).to(self.dtype)

    def unit(self, shape):
        return (0.05 + 0.9 * torch.rand(shape, generator=self.random, dtype=torch.float64)).to(self.dtype)

    def labels(self, high, shape):
        return torch.randint(high, shape, generator=self.random)

    def signs(self, shape):
        return (2 * self.labels(2, shape) - 1).to(self.dtype)

    def target_of_classes(self, shape):
        return self.labels(shape[0] if len(shape) == 1 else shape[1], (*shape[:1], *shape[2:])[len(shape) == 1 :])

    def arguments(self, name, shape, options):
        if name == "kl_div":
            input, target = self.scores(shape).log_softmax(-1), self.scores(shape).softmax(-1)
            return [input, target.log() if options.get("log_target") else target]
        if name == "gaussian_nll_loss":
            return [self.scores(shape), self.scores(shape), self.unit(shape)]
        if name == "poisson_nll_loss":
            return [self.unit(shape), self.labels(5, shape).to(self.dtype)]
        if name == "binary_cross_entropy":
            return [self.unit(shape), self.unit(shape)]
        if name.startswith("triplet"):
            return [self.scores(shape) for _ in range(3)]
        if name == "margin_ranking_loss":
            return [self.scores(shape), self.scores(shape), self.signs(shape)]
        if name == "cosine_embedding_loss":
            return [self.scores(shape), self.scores(shape), self.signs(shape[:-1])]
        if name == "cross_entropy":
            return [self.scores(shape), self.target_of_classes(shape)]
        if name in ("soft_margin_loss", "hinge_embedding_loss"):
            return [self.scores(shape), self.signs(shape)]
        if "binary" in name or name.startswith("multilabel"):
            return [self.scores(shape), self.unit(shape)]
        return [self.scores(shape), self.scores(shape)]

    def weights(self, kind, shape):
        if kind == "one":
            return self.unit(()) + 1
        if kind == "classes":
            return self.unit(shape[:1] if len(shape) == 1 else shape[1:2])
        return self.unit(shape if kind == "elements" else shape[-1:])

    def options(self, options, shape):
        return {
            name: self.weights(given, shape) if isinstance(given, str) else given for name, given in options.items()
        }


def answer(function, arguments, places, options, reduction):
    """The value, and the gradients of its product with fixed numbers."""
    arguments = [argument.detach().clone() for argument in arguments]
    preds = [arguments[place].requires_grad_() for place in places]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "reduction: 'mean' divides", UserWarning)
        value = function(*arguments, **options, reduction=reduction)
    slope = torch.linspace(-1, 2, value.numel(), dtype=value.dtype).reshape(value.shape) if value.dim() else None
    return value, torch.autograd.grad(value, preds, slope)


def by_pyloss(value):
    return value.grad_fn.name() == "PylossBackward"


def compare(found, expected, tolerance):
    value, grads = found
    their_value, their_grads = expected
    assert value.dtype == their_value.dtype
    torch.testing.assert_close(value, their_value, rtol=tolerance, atol=tolerance, equal_nan=True)
    for grad, theirs in zip(grads, their_grads, strict=True):
        scale = float(theirs.abs().max()) if theirs.numel() else 0.0
        torch.testing.assert_close(grad, theirs, rtol=tolerance, atol=tolerance * scale, check_stride=False)


def check(name, shape, options, reduction, dtype=torch.float64, tolerance=1e-12, change=lambda tensor: tensor):
    data = Data(dtype)
    arguments = [change(argument) for argument in data.arguments(name, shape, options)]
    given, places = data.options(options, shape), NEEDS_GRAD.get(name, (0,))
    found = answer(getattr(ours, name), arguments, places, given, reduction)
    compare(found, answer(THEIRS[name], arguments, places, given, reduction), tolerance)
    assert by_pyloss(found[0]) == ((name, reduction) not in ANSWERED_BY_TORCH)


@every_call
def test_values_and_gradients(name, options):
    """The cosine's and the triplet's are torch's but for its epsilons, which are of another place."""
    tolerance = {"cosine_embedding_loss": 1e-11}.get(name, 1e-12)
    for shape in shapes(name):
        if "last" in options.values() and not shape:
            continue
        for reduction in reductions(name):
            check(name, shape, options, reduction, tolerance=tolerance)


@every_call
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float16, 1e-2)], ids=str)
def test_narrow_dtypes(name, options, dtype, tolerance):
    """In float16 torch rounds every step, so that its own answers are the ones that are far off."""
    for reduction in reductions(name):
        check(name, shapes(name)[1], options, reduction, dtype, tolerance)


@every_call
def test_steps_and_strides(name, options):
    shape = shapes(name)[1]

    def spread(tensor):
        if not tensor.dim():
            return tensor
        wide = tensor.new_zeros([3 * length for length in tensor.shape])[
            tuple(slice(None, None, 3) for _ in tensor.shape)
        ]
        return wide.copy_(tensor)

    for reduction in reductions(name):
        check(name, shape, options, reduction, change=spread, tolerance=1e-11)


@every_call
def test_no_rows(name, options):
    """The mean of nothing is nan, as in torch; a sum is 0."""
    shape = {1: (0,), 2: (0, 4)}.get(len(shapes(name)[1]), (0, 4))
    data = Data()
    arguments, given = data.arguments(name, shape, options), data.options(options, shape)
    for reduction in reductions(name):
        expected = answer(THEIRS[name], arguments, NEEDS_GRAD.get(name, (0,)), given, reduction)
        compare(answer(getattr(ours, name), arguments, NEEDS_GRAD.get(name, (0,)), given, reduction), expected, 0)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.2}, {"weight": "classes"}], ids=str)
@pytest.mark.parametrize("shape", [(4,), (6, 4), (3, 4, 5)])
def test_distributions(shape, options, reduction):
    data = Data()
    arguments = [data.scores(shape), data.scores(shape).softmax(-1)]
    given = data.options(options, shape)
    found = answer(ours.cross_entropy, arguments, (0,), given, reduction)
    compare(found, answer(functional.cross_entropy, arguments, (0,), given, reduction), 1e-12)
    assert by_pyloss(found[0]) == ("weight" not in options or len(shape) < 3)


def test_nothing_but_ignored_rows():
    input, target = torch.randn(3, 4, requires_grad=True), torch.full((3,), -100)
    value = ours.cross_entropy(input, target)
    assert value.isnan()
    value.backward()
    assert (input.grad == 0).all()
    assert (ours.cross_entropy(input, target, reduction="none") == 0).all()


# Gradients -----------------------------------------------------------------------------------------------------------


@every_call
def test_gradcheck(name, options):
    """By finite differences, in float64."""
    data, shape = Data(), shapes(name)[1]
    arguments, given = data.arguments(name, shape, options), data.options(options, shape)
    for place in NEEDS_GRAD.get(name, (0,)):
        arguments[place].requires_grad_()
    for reduction in reductions(name):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "reduction: 'mean' divides", UserWarning)
            assert torch.autograd.gradcheck(
                lambda *tensors, reduction=reduction: getattr(ours, name)(*tensors, **given, reduction=reduction),
                arguments,
                check_batched_grad=True,
            )


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
@pytest.mark.parametrize("places", [(1,), (0, 1)])
def test_gradients_by_the_target_of_residuals(name, places):
    arguments = Data().arguments(name, (6, 4), {})
    found = answer(getattr(ours, name), arguments, places, {}, "mean")
    compare(found, answer(THEIRS[name], arguments, places, {}, "mean"), 1e-12)
    assert by_pyloss(found[0])


@pytest.mark.parametrize(
    "name", ["binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div", "poisson_nll_loss"]
)
def test_gradients_by_other_targets_are_torchs(name):
    arguments = Data().arguments(name, (6, 4), {})
    found = answer(getattr(ours, name), arguments, (0, 1), {}, "sum")
    compare(found, answer(THEIRS[name], arguments, (0, 1), {}, "sum"), 0)
    assert not by_pyloss(found[0])


def test_one_of_two_predictions():
    """Only the one that needs a gradient gets one."""
    first, second, target = Data().arguments("margin_ranking_loss", (5,), {})
    first.requires_grad_()
    ours.margin_ranking_loss(first, second, target).backward()
    assert first.grad is not None
    assert second.grad is None


def test_kinks_are_torchs():
    """At its kink a hinge of torch has the slope of its outer side; absolute errors have none in both."""
    zero, signs = torch.zeros(4), torch.tensor([1.0, -1.0, 1.0, -1.0])
    for name, arguments in {
        "margin_ranking_loss": [zero, zero, signs],
        "hinge_embedding_loss": [zero + 1, signs],
        "l1_loss": [zero, zero],
        "huber_loss": [zero, signs],
        "smooth_l1_loss": [zero, signs],
    }.items():
        places = NEEDS_GRAD.get(name, (0,))
        found = answer(getattr(ours, name), arguments, places, {}, "sum")
        compare(found, answer(THEIRS[name], arguments, places, {}, "sum"), 1e-6)
        assert by_pyloss(found[0])


# Names ---------------------------------------------------------------------------------------------------------------


def test_all_of_torch():
    also = {
        "cross_entropy",
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "kl_div",
        "linear_cross_entropy",
    }
    assert set(NAMES) | TORCHS_OWN == ({name for name in dir(functional) if name.endswith("_loss")} | also) - LEFT_OUT
    assert set(OPTIONS) == set(NAMES)


@pytest.mark.parametrize("name", sorted(TORCHS_OWN))
def test_torchs_own(name):
    assert getattr(ours, name) is getattr(functional, name)


@pytest.mark.parametrize("name", NAMES)
def test_signatures(name):
    own, theirs = inspect.signature(getattr(ours, name)), inspect.signature(THEIRS[name])
    assert [(p.name, p.kind, p.default) for p in own.parameters.values()] == [
        (p.name, p.kind, p.default) for p in theirs.parameters.values()
    ]
