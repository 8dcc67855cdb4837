"""pyloss behind scikit-learn's losses: `patch()`, `unpatch()`, or `with patched():` for as long as a block lasts."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from ._library import require
from ._sklearn_linear import with_tiles
from ._sklearn_losses import with_twins

__all__ = ["TESTED_VERSIONS", "patch", "patched", "unpatch"]

TESTED_VERSIONS = ("1.9.1",)
"""What is replaced is private, and may be another thing in another version."""


class _Patch:
    """Who wants scikit-learn patched, and what was there before."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._wanted = False
        self._blocks = 0
        self._originals: list[tuple[type, str, Any]] = []

    def want(self, wanted: bool) -> None:
        with self._lock:
            self._wanted = wanted
            self._settle()

    def count(self, blocks: int) -> None:
        with self._lock:
            self._blocks += blocks
            self._settle()

    def _settle(self) -> None:
        wanted = self._wanted or self._blocks > 0
        if wanted and not self._originals:
            for owner, name, replace in _places():
                original = vars(owner)[name]
                setattr(owner, name, replace(original))
                self._originals.append((owner, name, original))
        while self._originals and not wanted:
            setattr(*self._originals.pop())


_patch = _Patch()


def patch() -> bool:
    """Put pyloss behind scikit-learn's losses until `unpatch` is called. A second call changes nothing.

    It gives whether it has done so: a version of scikit-learn that is not in `TESTED_VERSIONS` gets a warning, and stays as it is.
    """
    tested = _is_tested(stacklevel=3)
    if tested:
        _patch.want(True)
    return tested


def unpatch() -> None:
    """Undo `patch`: scikit-learn has its own objects again, once no block of `patched` needs them replaced."""
    _patch.want(False)


@contextmanager
def patched() -> Iterator[bool]:
    """Within the block, pyloss is behind scikit-learn's losses, in all threads. Blocks may be nested, and overlap in several threads.

    It gives what `patch` gives.
    """
    if not _is_tested(stacklevel=4):
        yield False
        return
    _patch.count(1)
    try:
        yield True
    finally:
        _patch.count(-1)


def _is_tested(stacklevel: int) -> bool:
    version = require("sklearn", "sklearn").__version__
    if version in TESTED_VERSIONS:
        return True
    tested = ", ".join(TESTED_VERSIONS)
    warnings.warn(
        f"scikit-learn {version} is not patched: pyloss's losses are tested behind {tested}", stacklevel=stacklevel
    )
    return False


def _places() -> list[tuple[type, str, Callable[[Callable[..., Any]], Callable[..., Any]]]]:
    """The classes and methods that are replaced, and by what."""
    base = require("sklearn._loss.loss", "sklearn").BaseLoss
    linear = require("sklearn.linear_model._linear_loss", "sklearn").LinearModelLoss
    methods = ("loss", "loss_gradient", "gradient", "gradient_hessian")
    return [*((base, name, with_twins) for name in methods), (linear, "loss_gradient", with_tiles)]
