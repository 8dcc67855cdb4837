"""A loss of pyloss as a node of torch's graph, and torch's own function where that must answer."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from .._loss import Array, Loss
from ._library import require

if TYPE_CHECKING:
    from torch import Tensor

torch: Any = require("torch", "torch")

Options = ParamSpec("Options")
Function = Callable[Options, "Tensor"]

PLAIN = (torch.Tensor, torch.nn.Parameter)
FLOATS = (torch.float32, torch.float64, torch.float16)
REFUSED = (AttributeError, IndexError, RuntimeError, TypeError, ValueError)
"""Raised by pyloss for what it does not take, and by tensors that have no array: on a device, sparse, wrapped, in need of a gradient."""

_from_numpy = torch.from_numpy
_is_grad_enabled = torch.is_grad_enabled
_is_compiling = torch.compiler.is_compiling
_is_tracing = torch.jit.is_tracing
_dispatch_modes = torch._C._len_torch_dispatch_stack
_forward_mode = torch.autograd.forward_ad
_keeps_graph = getattr(torch._C._autograd, "_get_current_graph_task_keep_graph", lambda: True)


class Elsewhere(ValueError):
    """Torch's own function has the answer."""


def or_torch(ours: Function[Options]) -> Function[Options]:
    """Ask torch's function of the same name where ours refuses the arguments: it answers, or raises its own error."""
    name = ours.__name__

    @wraps(ours)
    def loss(*args: Options.args, **options: Options.kwargs) -> "Tensor":
        if not _is_recorded():
            try:
                return ours(*args, **options)
            except REFUSED:
                pass
        answer: Tensor = getattr(torch.nn.functional, name)(*args, **options)
        return answer

    return loss


def _is_recorded() -> bool:
    """Whether torch follows its own operations: to compile or rewrite them, or to carry tangents along."""
    recorded: bool = _is_compiling() or _is_tracing() or _dispatch_modes() or _forward_mode._current_level >= 0
    return recorded


def check_alike(first: "Tensor", *others: "Tensor") -> None:
    """All are plain tensors of one shape and of one floating dtype that NumPy has too."""
    if type(first) not in PLAIN or first.dtype not in FLOATS:
        raise Elsewhere
    if first.dtype is torch.float16 and torch.is_autocast_enabled("cpu"):  # then torch's losses are of float32
        raise Elsewhere
    for other in others:
        if type(other) not in PLAIN or other.dtype is not first.dtype or other.shape != first.shape:
            raise Elsewhere


def _made(kind: Callable[..., Loss], reduction: str, **options: Any) -> Loss:
    return kind(reduction=reduction, **options)


made: Callable[..., Loss] = lru_cache(maxsize=128)(_made)
"""The loss object, which is compiled once."""


def needs_gradient(*inputs: "Tensor") -> bool:
    if _is_grad_enabled():
        for tensor in inputs:
            if tensor.requires_grad:
                return True
    return False


def evaluated(
    loss: Loss,
    truth: Array | None,
    preds: Array | tuple[Array, ...],
    *inputs: "Tensor",
    weight: Array | None = None,
    axis: int | None = None,
    divisor: float = 1,
) -> "Tensor":
    """The value as a tensor that knows its gradient by `inputs`.

    These are the tensors that `preds` are the arrays of; there may be two for one array if the loss is one of their difference. `axis` is
    that of the classes where there is one value for each row. Value and gradient are divided by `divisor`.
    """
    if needs_gradient(*inputs):
        attached: Tensor = _attach((loss, truth, preds, weight, axis, divisor), *inputs)
        return attached
    return _as_tensor(loss(truth, preds, weight), divisor, inputs[0])  # type: ignore[arg-type]


def _as_tensor(value: Any, divisor: float, like: "Tensor") -> "Tensor":
    tensor: Tensor = like.new_full((), value / divisor) if type(value) is float else _from_numpy(value)
    return tensor


def _shaped(grad: Array, like: "Tensor") -> "Tensor":
    tensor: Tensor = _from_numpy(grad if grad.ndim == like.dim() else grad.reshape(like.shape))
    return tensor


class Pyloss(torch.autograd.Function):  # type: ignore[misc]
    """The node: the gradient is computed with the value, and waits for what it is multiplied with."""

    @staticmethod
    def forward(context: Any, call: tuple[Any, ...], *inputs: "Tensor") -> "Tensor":
        loss, truth, preds, weight, context.axis, context.divisor = call
        value, grads = loss.value_and_grad(truth, preds, weight)
        if type(grads) is tuple:
            context.save_for_backward(*map(_shaped, grads, inputs))
        else:
            context.save_for_backward(_shaped(grads, inputs[0]))
        return _as_tensor(value, context.divisor, inputs[0])

    @staticmethod
    def backward(context: Any, slope: "Tensor") -> tuple["Tensor | None", ...]:
        grads = (_ended if _is_grad_enabled() else _times)(context, slope)
        if len(grads) + 1 < len(context.needs_input_grad):  # of a difference
            return None, grads[0], -grads[0]
        return None, *grads


class FirstDerivative(torch.autograd.Function):  # type: ignore[misc]
    """Where a graph of gradients ends: second derivatives are an error when they are asked for."""

    @staticmethod
    def forward(context: Any, grad: "Tensor") -> "Tensor":
        return grad.view_as(grad)

    @staticmethod
    def backward(context: Any, slope: "Tensor") -> "Tensor":
        raise RuntimeError("pyloss gives torch first derivatives alone; torch.nn.functional has second ones")


_attach = super(torch.autograd.Function, Pyloss).apply
"""Without the detour through Python that serves functorch, whose tensors have no arrays."""


def _times(context: Any, slope: "Tensor") -> tuple["Tensor", ...]:
    """The gradients times that of the value. If the graph is not kept for another backward they are not needed any more: a number
    goes into them in place, and the number 1 takes no pass over memory."""
    grads: tuple[Tensor, ...] = context.saved_tensors
    if slope.dim():
        slopes = slope if context.axis is None else slope.unsqueeze(context.axis)
        return tuple([grad * slopes for grad in grads])
    try:
        factor = slope.item() / context.divisor
    except RuntimeError:  # under vmap it is one of many
        return tuple([grad * slope / context.divisor for grad in grads])
    if _keeps_graph():
        return tuple([grad * factor for grad in grads])
    return grads if factor == 1 else tuple([grad.mul_(factor) for grad in grads])


def _ended(context: Any, slope: "Tensor") -> tuple["Tensor", ...]:
    with torch.no_grad():
        grads = _times(context, slope)
    return tuple([FirstDerivative.apply(grad.detach().requires_grad_()) for grad in grads])
