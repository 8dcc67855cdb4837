"""Softmax cross-entropy of a linear layer: pyloss.LinearCCE, torch with all logits in memory, and the three matrix products alone.

python -m peers.layer --out FOLDER [--threads N] [--shape ROWS,WIDTH,CLASSES] [--rounds N]

Each answer has a process of its own, which tells its time and how much memory it took beside the inputs. The processes take turns.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from peers.settings import settings

Array = np.ndarray[Any, Any]
Answer = tuple[float, Array, Array]
SHAPE = 4096, 768, 50257
WARM = 64
"""Rows and classes of the call before the one that is timed: libraries load what they need, and allocate what they keep."""


def by_pyloss(y: Array, hidden: Array, weight: Array) -> Callable[[], Answer]:
    import pyloss

    loss = pyloss.LinearCCE()

    def answer() -> Answer:
        value, grads = loss.value_and_grad(y, hidden, weight)
        return float(value), grads.hidden, grads.weight

    return answer


def by_torch(y: Array, hidden: Array, weight: Array) -> Callable[[], Answer]:
    import torch
    import torch.nn.functional as F

    labels = torch.from_numpy(y)
    inputs = [torch.from_numpy(array).requires_grad_() for array in (hidden, weight)]

    def answer() -> Answer:
        value = F.cross_entropy(F.linear(*inputs), labels)
        by_hidden, by_weight = torch.autograd.grad(value, inputs)
        return value.item(), by_hidden.numpy(), by_weight.numpy()

    return answer


def products(y: Array, hidden: Array, weight: Array) -> Callable[[], Answer]:
    """What no answer can do without: logits, and two gradients of as many products. As gradients they say nothing."""

    def answer() -> Answer:
        logits = hidden @ weight.T
        return float("nan"), logits @ weight, logits.T @ hidden

    return answer


SIDES = {"pyloss": by_pyloss, "torch": by_torch, "products": products}


def data(rows: int, width: int, classes: int) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((rows, width), np.float32)
    weight = rng.standard_normal((classes, width), np.float32)
    weight *= np.float32(width**-0.5)
    return rng.integers(classes, size=rows), hidden, weight


def most_memory() -> int:
    """Bytes that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measured(side: str, shape: tuple[int, ...]) -> dict[str, Any]:
    y, hidden, weight = data(*shape)
    SIDES[side](y[:WARM] % WARM, hidden[:WARM], weight[:WARM])()
    answer, before = SIDES[side](y, hidden, weight), most_memory()
    start = perf_counter()
    value, *grads = answer()
    seconds = perf_counter() - start
    norms = [float(np.linalg.norm(grad)) for grad in grads]
    return {"seconds": seconds, "bytes": most_memory() - before, "value": value, "norms": norms}


def apart(side: str, shape: str, threads: int, out: Path) -> dict[str, Any]:
    """In a process of its own."""
    command = [sys.executable, "-m", "peers.layer", "--side", side, "--shape", shape]
    done = subprocess.run(
        command, env=os.environ | settings(threads, None, out), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def assert_same(found: dict[str, list[dict[str, Any]]]) -> None:
    ours, torch = ([found[side][0]["value"], *found[side][0]["norms"]] for side in ("pyloss", "torch"))
    np.testing.assert_allclose(ours, torch, rtol=1e-4)


def compare(shape: str, threads: int, rounds: int, out: Path) -> None:
    """Write layer.json: the median seconds of each, and the memory that it took."""
    found: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side, results in found.items():
            results.append(apart(side, shape, threads, out))
            print(f"{side}: {results[-1]['seconds']:.2f} s, {results[-1]['bytes'] / 1e6:,.0f} MB", flush=True)
    assert_same(found)
    sides = {
        side: {name: median(result[name] for result in results) for name in ("seconds", "bytes")}
        for side, results in found.items()
    }
    (out / "layer.json").write_text(json.dumps({"shape": shape, "threads": threads, "rounds": rounds, "sides": sides}))


def lines(out: Path) -> list[str]:
    """For the report, if there is something to tell."""
    path = out / "layer.json"
    if not path.exists():
        return []
    found = json.loads(path.read_text())
    rows, width, classes = map(int, found["shape"].split(","))
    ours, theirs, alone = (found["sides"][side] for side in SIDES)
    return [
        f"`LinearCCE` of {rows:,} rows of {width} and {classes:,} classes, with both gradients, {found['threads']} threads: "
        f"{ours['seconds']:.1f} s and {ours['bytes'] / 1e6:,.0f} MB beside the inputs, where torch takes {theirs['seconds']:.1f} s and "
        f"{theirs['bytes'] / 1e6:,.0f} MB, and the three matrix products alone {alone['seconds']:.1f} s: "
        f"{ours['seconds'] / alone['seconds']:.2f}x the products, {theirs['seconds'] / ours['seconds']:.2f} times as fast as torch."
    ]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m peers.layer", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/bench-peers"), help="folder of layer.json")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--shape", default=",".join(map(str, SHAPE)), help="rows, width, classes (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="of which the medians are told (default: %(default)s)")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.side:
        print(json.dumps(measured(given.side, tuple(map(int, given.shape.split(","))))))
        return
    given.out.mkdir(parents=True, exist_ok=True)
    compare(given.shape, given.threads, given.rounds, given.out)
    print(*lines(given.out), sep="\n")


if __name__ == "__main__":
    main()
