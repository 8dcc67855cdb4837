"""pyloss.adapters.torch in programs: graphs, modules, training, and what importing it does."""

import copy
import inspect
import io
import pickle
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import torch
import torch.nn.functional as functional
from torch import nn

import pyloss
from pyloss.adapters import torch as ours

MODULES = [name for name in ours.__all__ if name[0].isupper()]


def pair(*shape):
    return torch.rand(shape, requires_grad=True), torch.rand(shape)


# Graphs ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_values_alone(mode):
    input, target = pair(4, 3)
    with mode():
        value = ours.cross_entropy(input, target)
    assert not value.requires_grad
    assert value == pytest.approx(functional.cross_entropy(input, target).item(), rel=1e-6)


def test_a_graph_that_is_kept():
    """A gradient given out is nobody else's: to change it changes no later one."""
    input, target = pair(5)
    value = ours.mse_loss(input, target)
    (first,) = torch.autograd.grad(value, input, retain_graph=True)
    kept = first.clone()
    first.mul_(100)
    (second,) = torch.autograd.grad(value, input, torch.tensor(3.0), retain_graph=True)
    torch.testing.assert_close(second, 3 * kept)
    second.mul_(100)
    value.backward()
    assert torch.equal(input.grad, kept)


def test_a_graph_that_is_not_kept():
    input, target = pair(5)
    value = ours.mse_loss(input, target)
    value.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        value.backward()


def test_second_derivatives_are_an_error():
    input, target = pair(5)
    (grad,) = torch.autograd.grad(ours.mse_loss(input, target), input, create_graph=True)
    torch.testing.assert_close(grad.detach(), 2 * (input - target).detach() / 5)
    with pytest.raises(RuntimeError, match="first derivatives alone"):
        (grad.square().sum() + input.sum()).backward()


def test_part_of_a_sum():
    input, target = pair(5)
    (0.25 * ours.mse_loss(input, target) + ours.l1_loss(input, target, reduction="none").sum() * 2).backward()
    own, input.grad = input.grad, None
    (
        0.25 * functional.mse_loss(input, target) + functional.l1_loss(input, target, reduction="none").sum() * 2
    ).backward()
    torch.testing.assert_close(own, input.grad)


def test_gradients_add_up():
    input, target = pair(5)
    for _ in range(2):
        ours.mse_loss(input, target).backward()
    torch.testing.assert_close(input.grad, 4 * (input - target).detach() / 5)


def test_a_change_of_the_input_after_the_call():
    """The gradient is that of the call: it was computed with the value."""
    input, target = pair(5)
    expected = 2 * (input - target).detach() / 5
    value = ours.mse_loss(input, target)
    with torch.no_grad():
        input.zero_()
    value.backward()
    torch.testing.assert_close(input.grad, expected)


def test_no_copy_is_made():
    """NumPy's own memory: nothing for a value, one array for a gradient."""
    input, target = torch.rand(1000, 1000), torch.rand(1000, 1000)
    peaks = []
    for needs in (False, True):
        input.requires_grad_(needs)
        ours.mse_loss(input, target)
        tracemalloc.start()
        ours.mse_loss(input.t(), target.t())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] < 20_000
    assert abs(peaks[1] - 4_000_000) < 20_000


# Modules --------------------------------------------------------------------------------------------------------------

MADE = {
    "MSELoss": {"reduction": "sum"},
    "HuberLoss": {"delta": 0.5},
    "SmoothL1Loss": {"beta": 0.5},
    "BCELoss": {"weight": torch.rand(4)},
    "BCEWithLogitsLoss": {"weight": torch.rand(4), "pos_weight": torch.rand(4)},
    "CrossEntropyLoss": {"weight": torch.rand(4), "label_smoothing": 0.1, "ignore_index": 2},
    "MultiLabelSoftMarginLoss": {"weight": torch.rand(4)},
    "HingeEmbeddingLoss": {"margin": 0.5},
    "MarginRankingLoss": {"margin": 0.5},
    "CosineEmbeddingLoss": {"margin": 0.5},
    "KLDivLoss": {"reduction": "batchmean", "log_target": True},
    "PoissonNLLLoss": {"log_input": False, "eps": 1e-3},
    "GaussianNLLLoss": {"full": True, "eps": 1e-3},
    "TripletMarginLoss": {"margin": 0.5, "p": 1.0},
    "TripletMarginWithDistanceLoss": {"margin": 0.5},
}


def tensors_for(module):
    """What its forward takes, in (3, 4)."""
    names = list(inspect.signature(getattr(nn, type(module).__name__).forward).parameters)[1:]
    tensors = [torch.rand(3, 4) for _ in names]
    if "CosineEmbedding" in type(module).__name__:
        tensors[-1] = torch.ones(3)
    elif "target" in names and any(part in type(module).__name__ for part in ("Hinge", "Ranking", "SoftMarginLoss")):
        tensors[names.index("target")] = torch.ones(3, 4)
    if "MultiLabelMargin" in type(module).__name__:
        tensors[-1] = torch.tensor([[0, 1, -1, 0]] * 3)
    elif type(module).__name__ in ("NLLLoss", "CrossEntropyLoss", "MultiMarginLoss"):
        tensors[-1] = torch.tensor([0, 1, 3])
    return dict(zip(names, tensors, strict=True))


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")
def test_modules(name):
    options = MADE.get(name, {})
    own, theirs = getattr(ours, name)(**options), getattr(nn, name)(**options)
    assert isinstance(own, getattr(nn, name))
    assert repr(own) == repr(theirs)
    assert inspect.signature(type(own)) == inspect.signature(type(theirs))
    assert own.state_dict().keys() == theirs.state_dict().keys()
    tensors = tensors_for(own)
    expected = theirs(*tensors.values())
    torch.testing.assert_close(own(*tensors.values()), expected)
    torch.testing.assert_close(own(**tensors), expected)
    for other in (pickle.loads(pickle.dumps(own)), copy.deepcopy(own)):
        assert type(other) is type(own)
        torch.testing.assert_close(other(*tensors.values()), expected)


def test_all_modules():
    """But those of sequences and of whole layers, and one that is deprecated."""
    theirs = set(nn.modules.loss.__all__) - {"CTCLoss", "LinearCrossEntropyLoss", "NLLLoss2d"}
    assert set(MODULES) == theirs


def test_modules_go_on_from_torchs_state():
    theirs, own = nn.CrossEntropyLoss(torch.rand(4)), ours.CrossEntropyLoss(torch.zeros(4))
    stored = io.BytesIO()
    torch.save(theirs.state_dict(), stored)
    stored.seek(0)
    own.load_state_dict(torch.load(stored))
    assert torch.equal(own.weight, theirs.weight)
    assert own.double().weight.dtype is torch.float64


def test_bad_modules():
    with pytest.raises(TypeError, match="delta must be a float or int"):
        ours.HuberLoss(delta="1")
    with pytest.raises(ValueError, match="expected margin to be greater than 0"):
        ours.TripletMarginLoss(margin=0.0)


def trained(criterion, steps=30):
    torch.manual_seed(0)
    x = torch.randn(200, 5)
    labels = (x @ torch.randn(5, 3)).argmax(1)
    model = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = criterion(model(x), labels)
        loss.backward()
        optimizer.step()
    return loss.item(), [parameter.detach() for parameter in model.parameters()]


def test_training():
    own, parameters = trained(ours.CrossEntropyLoss(label_smoothing=0.1))
    theirs, expected = trained(nn.CrossEntropyLoss(label_smoothing=0.1))
    assert own == pytest.approx(theirs, rel=1e-4)
    for parameter, other in zip(parameters, expected, strict=True):
        torch.testing.assert_close(parameter, other, rtol=1e-2, atol=1e-3)


# The process ----------------------------------------------------------------------------------------------------------


def said(code):
    return subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, timeout=120
    ).stdout


def test_torch_is_imported_only_with_the_adapter():
    assert said("import sys, pyloss, pyloss.adapters; print('torch' in sys.modules)") == "False\n"


def test_without_torch():
    code = """
import sys
sys.modules["torch"] = None
try:
    import pyloss.adapters.torch
except ImportError as error:
    print(error)
"""
    assert said(code) == "this needs torch; in a clone of pyloss: pip install '.[torch]'\n"


def test_threads_are_no_more_than_torchs():
    code = """
import pyloss, torch
pyloss.set_num_threads(5)
torch.set_num_threads({})
import pyloss.adapters.torch
print(pyloss.get_num_threads())
"""
    assert said(code.format(2)) == "2\n"
    assert said(code.format(7)) == "5\n"


def test_several_threads_have_the_same_bits():
    input, target = torch.rand(300_000), torch.rand(300_000)
    with pyloss.threads(1):
        alone = ours.mse_loss(input, target)
    with pyloss.threads(2):
        assert ours.mse_loss(input, target) == alone
    assert alone == pytest.approx(np.mean((input - target).numpy().astype(float) ** 2), rel=1e-6)
