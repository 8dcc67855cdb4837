"""torch.compile, for shapes that do not change. The gradient comes from torch.func, so that one graph has both passes."""

import torch
from cases import Case, Data

from peers.by_torch import LOSSES, Tensor
from peers.cells import Calls


def prepare(case: Case, data: Data, threads: int) -> Calls:
    torch.set_num_threads(threads)
    torch._dynamo.reset()  # else the ninth shape of a function would run uncompiled
    y, p = torch.from_numpy(data.y_true), torch.from_numpy(data.y_pred)

    def value_of(p: Tensor, y: Tensor) -> Tensor:
        return LOSSES[case.form](case.loss, y, p)

    both = torch.compile(torch.func.grad_and_value(value_of), dynamic=False, fullgraph=True)
    only = torch.compile(value_of, dynamic=False, fullgraph=True)

    @torch.no_grad()
    def value() -> Tensor:
        return only(p, y)

    @torch.no_grad()
    def value_and_grad() -> tuple[Tensor, Tensor]:
        grad, value = both(p, y)
        return value, grad

    return Calls(value, value_and_grad, value_and_grad)
