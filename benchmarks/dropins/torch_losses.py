"""Every loss of pyloss.adapters.torch against torch's own: value alone, and value and gradient. Prints a table of medians.

Calls take turns, on one thread; `--seconds` is what a cell may take. Named functions alone: give their names.
"""

import argparse
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any

import torch
import torch.nn.functional as functional

import pyloss
from pyloss.adapters import torch as ours

SIZES = (32, 1_000, 100_000, 1_000_000)
SHORTEST_ROUND = 200e-6
NAMES = [name for name in ours.__all__ if name.islower() and getattr(ours, name) is not getattr(functional, name)]


def scores(shape: tuple[int, ...]) -> torch.Tensor:
    return torch.randn(shape)


def signs(shape: tuple[int, ...]) -> torch.Tensor:
    return 2.0 * torch.randint(2, shape) - 1


def data(name: str, size: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """What needs a gradient, and the rest. Rows have 10 classes, vectors 100 entries; 8 where there are but 32 numbers."""
    flat, rows, vectors = (size,), (size // 10, 10), (size // 100, 100)
    if size < 1000:
        rows = vectors = (size // 8, 8)
    special: dict[str, Callable[[], tuple[list[torch.Tensor], list[torch.Tensor]]]] = {
        "binary_cross_entropy": lambda: ([0.01 + 0.98 * torch.rand(flat)], [torch.rand(flat)]),
        "binary_cross_entropy_with_logits": lambda: ([scores(flat)], [torch.rand(flat).round()]),
        "multilabel_soft_margin_loss": lambda: ([scores(rows)], [torch.rand(rows).round()]),
        "soft_margin_loss": lambda: ([scores(flat)], [signs(flat)]),
        "hinge_embedding_loss": lambda: ([scores(flat)], [signs(flat)]),
        "margin_ranking_loss": lambda: ([scores(flat), scores(flat)], [signs(flat)]),
        "kl_div": lambda: ([scores(rows).log_softmax(1)], [scores(rows).softmax(1)]),
        "poisson_nll_loss": lambda: ([scores(flat)], [torch.poisson(torch.ones(flat))]),
        "gaussian_nll_loss": lambda: ([scores(flat), 0.1 + torch.rand(flat)], [scores(flat)]),
        "cosine_embedding_loss": lambda: ([scores(vectors), scores(vectors)], [signs(vectors[:1])]),
        "cross_entropy": lambda: ([scores(rows)], [torch.randint(rows[1], rows[:1])]),
    }
    if name in special:
        return special[name]()
    if name.startswith("triplet"):
        return [scores(vectors) for _ in range(3)], []
    return [scores(flat)], [scores(flat)]


def arguments(name: str, preds: list[torch.Tensor], others: list[torch.Tensor]) -> list[torch.Tensor]:
    return [preds[0], *others, preds[1]] if name == "gaussian_nll_loss" else [*preds, *others]


def options(name: str) -> dict[str, Any]:
    return {"reduction": "batchmean"} if name == "kl_div" else {}


def calls(name: str, size: int, backward: bool) -> list[Callable[[], object]]:
    """Torch's call and ours, of the same tensors."""
    preds, others = data(name, size)
    leaves = [pred.detach().requires_grad_(backward) for pred in preds]
    tensors, given = arguments(name, leaves, others), options(name)

    def forward_of(function: Any) -> Callable[[], object]:
        return lambda: function(*tensors, **given)

    def backward_of(function: Any) -> Callable[[], object]:
        def run() -> None:
            function(*tensors, **given).backward()
            for leaf in leaves:
                leaf.grad = None

        return run

    make = backward_of if backward else forward_of
    return [make(getattr(library, name)) for library in (functional, ours)]


def seconds(call: Callable[[], object], number: int) -> float:
    start = perf_counter()
    for _ in range(number):
        call()
    return (perf_counter() - start) / number


def medians(timed: list[Callable[[], object]], budget: float) -> list[float]:
    numbers = [1 + int(SHORTEST_ROUND / min(seconds(call, 1) for _ in range(5))) for call in timed]
    times: list[list[float]] = [[] for _ in timed]
    stop = perf_counter() + budget
    while perf_counter() < stop or len(times[0]) < 7:
        for call, number, record in zip(timed, numbers, times, strict=True):
            record.append(seconds(call, number))
    return [median(record) for record in times]


def cells(name: str, budget: float) -> Iterator[str]:
    """ "us of ours, and how many times as fast as torch"; bold where slower."""
    for backward in (False, True):
        for size in SIZES:
            theirs, own = medians(calls(name, size, backward), budget)
            ratio = f"{theirs / own:.1f}x" if theirs > own else f"**{theirs / own:.2f}x**"
            yield f"{own * 1e6:,.3g} us, {ratio}" if own < 1e-3 else f"{own * 1e3:,.3g} ms, {ratio}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--seconds", type=float, default=1.0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    pyloss.set_num_threads(1)
    heads = [f"{call}, {size:,}" for call in ("value", "and gradient") for size in SIZES]
    print("| |", " | ".join(heads), "|\n|---|" + "---:|" * len(heads))
    for name in given.names:
        print(f"| `{name}` |", " | ".join(cells(name, given.seconds)), "|", flush=True)


if __name__ == "__main__":
    main()
