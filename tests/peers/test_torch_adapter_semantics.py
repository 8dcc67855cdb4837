"""pyloss.adapters.torch beyond numbers: torch's errors and warnings, what is torch's own, what differs, transforms."""

import numpy as np
import pytest
import torch
import torch.nn.functional as functional
from torch import nn

from pyloss.adapters import torch as ours


def pair(*shape):
    return torch.rand(shape, requires_grad=True), torch.rand(shape)


def by_pyloss(value):
    return value.grad_fn is not None and value.grad_fn.name() == "PylossBackward"


# Errors and warnings --------------------------------------------------------------------------------------------------

LOGITS, LABELS, WIDE = torch.zeros(3, 4), torch.tensor([0, 1, 2]), torch.zeros(3, 5)
BAD = {
    "no such reduction": ("mse_loss", (LOGITS, LOGITS), {"reduction": "average"}),
    "a reduction of another function": ("mse_loss", (LOGITS, LOGITS), {"reduction": "batchmean"}),
    "no target": ("mse_loss", (LOGITS,), {}),
    "an unknown option": ("mse_loss", (LOGITS, LOGITS), {"delta": 1.0}),
    "shapes that do not broadcast": ("kl_div", (LOGITS, WIDE), {"reduction": "sum"}),
    "a list": ("huber_loss", ([1.0], [2.0]), {}),
    "delta of 0": ("huber_loss", (LOGITS, LOGITS), {"delta": 0.0}),
    "beta below 0": ("smooth_l1_loss", (LOGITS, LOGITS), {"beta": -1.0}),
    "weights of another shape": ("mse_loss", (LOGITS, LOGITS), {"weight": torch.ones(3)}),
    "no probabilities": ("binary_cross_entropy", (LOGITS + 2, LOGITS), {}),
    "bits out of range": ("binary_cross_entropy", (LOGITS + 0.5, LOGITS + 2), {}),
    "a sparse tensor": ("l1_loss", (torch.eye(4).to_sparse(), torch.eye(4)), {}),
    "other shapes of bits": ("binary_cross_entropy", (LOGITS, WIDE), {}),
    "other shapes of logits": ("binary_cross_entropy_with_logits", (LOGITS, WIDE), {}),
    "pos_weight of another length": (
        "binary_cross_entropy_with_logits",
        (LOGITS, LOGITS),
        {"pos_weight": torch.ones(3)},
    ),
    "a label out of range": ("cross_entropy", (LOGITS, LABELS + 2), {}),
    "a negative label": ("cross_entropy", (LOGITS, LABELS - 1), {}),
    "too few labels": ("cross_entropy", (LOGITS, LABELS[:2]), {}),
    "labels of int32": ("cross_entropy", (LOGITS, LABELS.int()), {}),
    "labels of floats": ("cross_entropy", (LOGITS, LABELS.float()), {}),
    "too few class weights": ("cross_entropy", (LOGITS, LABELS), {"weight": torch.ones(3)}),
    "class weights of another dtype": ("cross_entropy", (LOGITS, LABELS), {"weight": torch.ones(4).double()}),
    "one-hot labels of integers": ("cross_entropy", (LOGITS, torch.ones(3, 4, dtype=torch.int64)), {}),
    "too much smoothing": ("cross_entropy", (LOGITS, LABELS), {"label_smoothing": 1.5}),
    "an ignored class of distributions": ("cross_entropy", (LOGITS, LOGITS), {"ignore_index": 1}),
    "a negative variance": ("gaussian_nll_loss", (LOGITS, LOGITS, LOGITS - 1), {}),
    "a variance of another shape": ("gaussian_nll_loss", (LOGITS, LOGITS, torch.ones(2)), {}),
    "other numbers of axes": ("margin_ranking_loss", (LOGITS, LOGITS, torch.ones(3)), {}),
    "a label for each entry": ("cosine_embedding_loss", (LOGITS, LOGITS, LOGITS + 1), {}),
    "vectors of several axes": (
        "cosine_embedding_loss",
        (torch.ones(2, 3, 4), torch.ones(2, 3, 4), torch.ones(2, 3)),
        {},
    ),
    "a margin of 0": ("triplet_margin_loss", (LOGITS, LOGITS, LOGITS), {"margin": 0.0}),
    "a distance's margin of 0": ("triplet_margin_with_distance_loss", (LOGITS, LOGITS, LOGITS), {"margin": 0.0}),
    "axes of triplets": ("triplet_margin_with_distance_loss", (LOGITS, LOGITS, LOGITS[0]), {}),
    "complex numbers": ("mse_loss", (LOGITS.to(torch.complex64), LOGITS.to(torch.complex64)), {}),
}


@pytest.mark.parametrize("case", BAD)
def test_errors_are_torchs(case):
    name, arguments, options = BAD[case]
    with pytest.raises(Exception, match=r".") as theirs:
        getattr(functional, name)(*arguments, **options)
    with pytest.raises(theirs.type) as own:
        getattr(ours, name)(*arguments, **options)
    assert str(own.value) == str(theirs.value)


def test_broadcasting_warns_as_in_torch():
    with pytest.warns(UserWarning, match="Using a target size"):
        value = ours.mse_loss(torch.arange(3.0), torch.zeros(3, 1))
    assert value == pytest.approx(5 / 3)


def test_deprecated_arguments_warn_as_in_torch():
    with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated"):
        assert ours.l1_loss(torch.ones(3), torch.zeros(3), reduce=False).shape == (3,)


def test_no_weight_needs_a_gradient():
    weight = torch.ones(3, 4, requires_grad=True)
    value = ours.mse_loss(LOGITS, LOGITS + 1, weight=weight)
    assert not by_pyloss(value)
    value.backward()
    assert weight.grad is not None


# What is torch's own ---------------------------------------------------------------------------------------------------

UNUSUAL = {
    "bfloat16": [torch.rand(4).bfloat16(), torch.rand(4).bfloat16()],
    "two dtypes": [torch.rand(4), torch.rand(4).double()],
    "numbers that share memory": [torch.rand(4), torch.tensor(1.0).expand(4)],
    "a negated view": [torch.rand(4, dtype=torch.complex64).conj().imag, torch.rand(4)],
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_unusual_tensors(kind):
    arguments = UNUSUAL[kind]
    torch.testing.assert_close(ours.l1_loss(*arguments), functional.l1_loss(*arguments))


def test_no_device_is_needed_to_find_the_shape():
    assert ours.mse_loss(*torch.rand(2, 3, device="meta")).device.type == "meta"


def test_a_value_is_on_the_cpu_whatever_the_default_device():
    arguments = torch.ones(3, requires_grad=True), torch.zeros(3)
    with torch.device("meta"):
        assert ours.mse_loss(*arguments).item() == 1


def test_autocast():
    """There torch's losses of float16 are numbers of float32."""
    input, target = torch.rand(4).half(), torch.rand(4).half()
    assert ours.mse_loss(input, target).dtype is torch.float16
    with torch.autocast("cpu", torch.float16):
        assert ours.mse_loss(input, target).dtype is functional.mse_loss(input, target).dtype


class Wrapped(torch.Tensor):
    pass


def test_subclasses_stay():
    value = ours.mse_loss(torch.rand(3).as_subclass(Wrapped), torch.rand(3))
    assert type(value) is Wrapped


def test_parameters_are_tensors():
    value = ours.mse_loss(nn.Parameter(torch.rand(3)), torch.rand(3))
    assert by_pyloss(value)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("soft_margin_loss", torch.tensor([0.0, 1.0, -1.0])),
        ("hinge_embedding_loss", torch.tensor([0.0, 1.0, -1.0])),
        ("binary_cross_entropy_with_logits", torch.tensor([2.0, 1.0, -1.0])),
        ("poisson_nll_loss", torch.tensor([-2.0, 1.0, 3.0])),
    ],
)
def test_labels_that_pyloss_has_not(name, target):
    input = torch.tensor([0.5, 0.25, 0.75], requires_grad=True)
    value = getattr(ours, name)(input, target, reduction="none")
    torch.testing.assert_close(value, getattr(functional, name)(input, target, reduction="none"), rtol=0, atol=0)
    assert not by_pyloss(value)


@pytest.mark.parametrize("input", [0.0, 1.0, 1e-13])
def test_probabilities_that_torch_clamps(input):
    input = torch.tensor([input, 0.5], requires_grad=True)
    for target in (torch.zeros(2), torch.ones(2)):
        value = ours.binary_cross_entropy(input, target)
        assert value == functional.binary_cross_entropy(input, target)
        assert not by_pyloss(value)


def test_variances_that_torch_clamps():
    var = torch.tensor([1e-8, 0.5], requires_grad=True)
    arguments = torch.tensor([1.0, 2.0]), torch.zeros(2)
    (own,) = torch.autograd.grad(ours.gaussian_nll_loss(*arguments, var), var)
    (theirs,) = torch.autograd.grad(functional.gaussian_nll_loss(*arguments, var), var)
    torch.testing.assert_close(own, theirs, rtol=0, atol=0)
    assert own[0] != 0


def test_a_variance_for_all():
    mean, target = pair(4, 3)
    for var in (torch.full((4, 1), 0.5), torch.full((4,), 0.5), 0.5):
        torch.testing.assert_close(
            ours.gaussian_nll_loss(mean, target, var), functional.gaussian_nll_loss(mean, target, var)
        )


def test_short_vectors():
    """torch has the similarity 0 for them."""
    first = torch.tensor([[0.0, 0.0], [1.0, 0.0]], requires_grad=True)
    arguments = first, torch.ones(2, 2), torch.ones(2)
    assert ours.cosine_embedding_loss(*arguments, reduction="none")[0] == 1
    assert not by_pyloss(ours.cosine_embedding_loss(*arguments))


def test_values_of_many_vectors():
    """Where no gradient is needed they are torch's own, bit for bit."""
    vectors = [torch.rand(200, 100) for _ in range(3)]
    assert ours.triplet_margin_loss(*vectors) == functional.triplet_margin_loss(*vectors)
    assert by_pyloss(ours.triplet_margin_loss(vectors[0].requires_grad_(), *vectors[1:]))


def test_another_distance():
    vectors = [torch.rand(3, 4, requires_grad=True) for _ in range(3)]

    def distance(a, b):
        return (a - b).abs().amax(-1)

    own = ours.triplet_margin_with_distance_loss(*vectors, distance_function=distance)
    assert own == functional.triplet_margin_with_distance_loss(*vectors, distance_function=distance)
    blocks = nn.PairwiseDistance(p=1, eps=1e-3)
    own = ours.triplet_margin_with_distance_loss(*vectors, distance_function=blocks)
    assert by_pyloss(own)
    theirs = functional.triplet_margin_with_distance_loss(*vectors, distance_function=blocks)
    torch.testing.assert_close(own, theirs, rtol=1e-6, atol=0)


# What differs, as the page says ---------------------------------------------------------------------------------------


def value_and_grad(function, input, *arguments, **options):
    input = input.clone().requires_grad_()
    value = function(input, *arguments, **options)
    assert by_pyloss(value)
    return value.item(), torch.autograd.grad(value, input)[0].tolist()


def test_tails_are_those_of_the_formula():
    inf, one = torch.tensor([torch.inf]), torch.ones(1)
    assert functional.soft_margin_loss(torch.tensor([-200.0]), one).isinf()
    assert value_and_grad(ours.soft_margin_loss, torch.tensor([-200.0]), one) == (200, [-1])
    assert functional.binary_cross_entropy_with_logits(inf, one).isnan()
    assert value_and_grad(ours.binary_cross_entropy_with_logits, inf, one) == (0, [0])
    logs, target = torch.tensor([[-torch.inf, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert functional.kl_div(logs, target, reduction="sum").isnan()
    assert value_and_grad(ours.kl_div, logs, target, reduction="sum") == (0, [[0, -1]])
    assert functional.cross_entropy(logs, target).isnan()
    assert value_and_grad(ours.cross_entropy, logs, target) == (0, [[0, 0]])


def test_values_out_of_range():
    """The value is rounded to the tensors' dtype, which may make it infinite; the gradient need not be."""
    large = torch.tensor([1e30], requires_grad=True)
    value = ours.mse_loss(large, torch.zeros(1))
    assert value == torch.inf
    assert torch.autograd.grad(value, large)[0] == 2e30


@pytest.mark.parametrize("name", ["margin_ranking_loss", "hinge_embedding_loss"])
def test_a_margin_of_nan(name):
    arguments = [torch.ones(2)] * (3 if name.startswith("margin") else 2)
    own = getattr(ours, name)(*arguments, margin=torch.nan)
    torch.testing.assert_close(own, getattr(functional, name)(*arguments, margin=torch.nan), equal_nan=True)


def test_infinite_data_warn_of_nothing():
    inf, large = torch.tensor([torch.inf, 0.0]), torch.tensor([3e38, 1.0])
    assert ours.margin_ranking_loss(inf, inf, torch.ones(2)).isnan()
    assert ours.margin_ranking_loss(-large, large, torch.ones(2)) == torch.inf
    assert ours.binary_cross_entropy_with_logits(
        large, torch.zeros(2), pos_weight=torch.tensor([torch.inf, 0.0])
    ).isnan()
    assert ours.mse_loss(inf, inf).isnan()
    vectors = torch.stack([large, large]).requires_grad_()
    assert ours.cosine_embedding_loss(vectors, vectors.detach(), torch.ones(2)) == 0
    assert ours.triplet_margin_loss(vectors, vectors.detach(), -vectors.detach()) == 0


def test_integer_labels_of_vectors():
    first, second = torch.rand(2, 3, requires_grad=True), torch.rand(2, 3)
    own = ours.cosine_embedding_loss(first, second, torch.tensor([1, -1]))
    torch.testing.assert_close(own, functional.cosine_embedding_loss(first, second, torch.tensor([1, -1])))
    assert by_pyloss(own)


def test_a_tensor_and_itself():
    both = torch.rand(3, requires_grad=True)
    ours.mse_loss(both, both).backward()
    assert (both.grad == 0).all()


def test_a_nan_has_a_nan_for_its_gradient():
    _, slopes = value_and_grad(ours.l1_loss, torch.tensor([torch.nan, 1.0]), torch.zeros(2), reduction="sum")
    assert slopes == [pytest.approx(torch.nan, nan_ok=True), 1]


def test_what_counts_nothing_may_be_nan():
    rows = torch.tensor([[torch.nan, 0.0], [0.0, 0.0]])
    value, slopes = value_and_grad(ours.cross_entropy, rows, torch.tensor([-100, 0]))
    assert value == pytest.approx(np.log(2))
    assert slopes == [[0, 0], [-0.5, 0.5]]
    value, slopes = value_and_grad(ours.mse_loss, rows[0], torch.ones(2), weight=torch.tensor([0.0, 2.0]))
    assert (value, slopes) == (1, [0, -2])
    value, slopes = value_and_grad(ours.mse_loss, rows[1], torch.ones(2), weight=torch.zeros(2))
    assert np.isnan(value)
    assert slopes == [0, 0]


def test_kl_div_does_not_warn():
    input, target = pair(2, 3)
    assert by_pyloss(ours.kl_div(input, target))


# Transforms -----------------------------------------------------------------------------------------------------------

TORCH_WARNS = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
"""Of what it uses itself."""


@TORCH_WARNS
def test_functorch():
    input, target = torch.rand(5, 3), torch.rand(5, 3)
    slope = torch.func.grad(ours.mse_loss)(input, target)
    torch.testing.assert_close(slope, 2 * (input - target) / 15)
    rows = torch.func.vmap(ours.mse_loss)(input, target)
    torch.testing.assert_close(rows, ((input - target) ** 2).mean(1))
    one = torch.func.vmap(ours.mse_loss, in_dims=(None, 0))(input[0], target)
    torch.testing.assert_close(one, ((input[0] - target) ** 2).mean(1))
    curvature = torch.func.hessian(ours.mse_loss)(input[0], target[0])
    torch.testing.assert_close(curvature, 2 / 3 * torch.eye(3))


@TORCH_WARNS
def test_forward_mode():
    input, target, direction = torch.rand(4), torch.rand(4), torch.rand(4)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(input, direction)
        tangent = torch.autograd.forward_ad.unpack_dual(ours.mse_loss(dual, target)).tangent
    torch.testing.assert_close(tangent, ((input - target) * direction).mean() * 2)


def test_jacobian_of_single_values():
    """By batched gradients too."""
    input, target = torch.rand(4), torch.rand(4)
    for vectorize in (False, True):
        jacobian = torch.autograd.functional.jacobian(
            lambda x: ours.mse_loss(x, target, reduction="none"), input, vectorize=vectorize
        )
        torch.testing.assert_close(jacobian, torch.diag(2 * (input - target)))


def test_batches_of_gradients():
    input, target = pair(3)
    slopes = torch.tensor([1.0, 2.0])
    value = ours.mse_loss(input, target)
    (grads,) = torch.autograd.grad(value, input, slopes, is_grads_batched=True)
    torch.testing.assert_close(grads, slopes[:, None] * 2 * (input - target).detach() / 3)


def test_compilation_sees_torchs_operations():
    compiled = torch.compile(ours.mse_loss, backend="eager", fullgraph=True)
    input, target = pair(4)
    value = compiled(input, target)
    assert not by_pyloss(value)
    assert value == functional.mse_loss(input, target)


@TORCH_WARNS
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_tracing_sees_torchs_operations():
    traced = torch.jit.trace(lambda a, b: ours.mse_loss(a, b), (torch.zeros(3), torch.ones(3)))
    assert traced(torch.zeros(3), torch.full((3,), 2.0)) == 4
