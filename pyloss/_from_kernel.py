"""Losses of one's own: a C kernel in the place of one of pyloss."""

from collections.abc import Mapping
from typing import Any, Literal, NoReturn, overload

from . import _errors
from ._block_kernel import BlockKernel, block_kernel
from ._domains import BINARY, PROBABILITY, REAL, Domain, interval
from ._engine import Plan
from ._loss import CurvedLoss, Loss, OnEmpty, Reduction, _number


class KernelLoss(Loss):
    """An elementwise loss made of a kernel of one's own: what `pyloss.from_kernel` makes.

    It is asked as every loss is; `parameters` holds the numbers that its kernel is given. `dataclasses.replace` changes what all losses
    have: `replace(loss, reduction="sum")`. It cannot be pickled.
    """

    family = "elementwise"

    # They belong to the class of every other loss.
    name: str  # type: ignore[misc]
    y_true_domain: Domain  # type: ignore[misc]
    y_pred_domain: Domain  # type: ignore[misc]
    kernel: BlockKernel
    kernel32: BlockKernel | None
    constants: tuple[tuple[str, float], ...]

    @property
    def parameters(self) -> dict[str, Any]:
        """The numbers that its kernel is given, by their names."""
        return dict(self.constants)

    def _make_plan(self) -> Plan:
        addresses = (self.kernel32.address if self.kernel32 else 0, self.kernel.address)
        return Plan(self, self.name, parameters=tuple(self.parameters.values()), own=addresses)

    def __repr__(self) -> str:
        kernels = f"{self.kernel!r}, kernel32={self.kernel32!r}" if self.kernel32 else repr(self.kernel)
        common = f"reduction={self.reduction!r}, on_empty={self.on_empty!r}, check={self.check!r}"
        return f"from_kernel({kernels}, name={self.name!r}, parameters={self.parameters!r}, {common})"

    def __copy__(self) -> "KernelLoss":
        return self

    def __deepcopy__(self, _memo: Any) -> "KernelLoss":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{self.name}: a loss made of a kernel cannot be pickled, since an address says nothing elsewhere"
        )


class CurvedKernelLoss(KernelLoss, CurvedLoss):
    __doc__ = KernelLoss.__doc__

    __repr__ = KernelLoss.__repr__  # or it would get that of a dataclass


@overload
def from_kernel(
    kernel: Any,
    *,
    name: str,
    kernel32: Any = None,
    parameters: Mapping[str, float] | None = None,
    y_true_domain: str = "[-inf, inf]",
    y_pred_domain: str = "[-inf, inf]",
    hess: Literal[True] = True,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
) -> CurvedKernelLoss: ...


@overload
def from_kernel(
    kernel: Any,
    *,
    name: str,
    kernel32: Any = None,
    parameters: Mapping[str, float] | None = None,
    y_true_domain: str = "[-inf, inf]",
    y_pred_domain: str = "[-inf, inf]",
    hess: bool,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
) -> KernelLoss: ...


def from_kernel(
    kernel: Any,
    *,
    name: str,
    kernel32: Any = None,
    parameters: Mapping[str, float] | None = None,
    y_true_domain: str = "[-inf, inf]",
    y_pred_domain: str = "[-inf, inf]",
    hess: bool = True,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
) -> KernelLoss:
    """A loss of one's own at compiled speed: an elementwise loss whose kernel is a C function.

    The function gives the value, the gradient and the second derivative by y_pred of n elements at a time, unscaled and without weights:

        void kernel(const double *y_true, const double *y_pred, const double *parameters, int outputs,
                    double *value, double *grad, double *hess, ptrdiff_t n)

    Any dtype, layout and mask, weights, reductions, threads, `out=`, checks and errors are pyloss's, as for its own losses. `outputs` is
    the sum of 1, 2 and 4 for the value, the gradient and the second derivative that are read afterwards; the kernel may write the others or
    leave them alone. No result overlaps another array, and n is at most 1024.

    The kernel is called without the GIL, from several threads at once: it must not call Python, raise, or keep anything between calls.

    Parameters
    ----------
    kernel : a function of ctypes, a cfunc of numba, a scipy.LowLevelCallable, a capsule named by its signature, as in the `__pyx_capi__` of
        a Cython module, or a pair of an address and a signature: `(address, "void (double *, double *, double *, int, double *, double *,
        double *, ptrdiff_t)")`
        It is kept alive by the loss.
    name : str
        What errors call the loss.
    kernel32 : as kernel
        The same for float32 (its parameters are still doubles). Without it float32 is computed in float64.
    parameters : mapping of names to numbers
        What the kernel is given, in this order.
    y_true_domain, y_pred_domain : str
        Where the loss is defined, as an interval: "[0, 1]", "(0, inf]"; with `check` what is outside is an error. As the domain of y_true,
        "[0, 1]" lets booleans in.
    hess : bool
        Whether the kernel gives the second derivative; without it the loss has no `grad_and_hess`.
    reduction, on_empty, check
        As for every loss.

    Raises
    ------
    TypeError
        for what is no kernel, or has another signature.
    ValueError
        for a parameter that is nan, and for a domain that is no interval.
    """
    if not isinstance(name, str):
        raise TypeError(f"from_kernel: name must be a string, got {name!r}")
    if not name or not name.isprintable():
        raise ValueError(f"from_kernel: name must be a word that can be printed, got {name!r}")
    if not isinstance(hess, bool):
        raise TypeError(f"{name}: hess must be True or False, got {hess!r}")
    truth = _domain(name, "y_true_domain", y_true_domain)
    return (CurvedKernelLoss if hess else KernelLoss)(
        name=name,
        kernel=block_kernel(name, "kernel", kernel, 64),
        kernel32=None if kernel32 is None else block_kernel(name, "kernel32", kernel32, 32),
        constants=_constants(name, {} if parameters is None else parameters),
        y_true_domain=BINARY if truth == PROBABILITY else truth,
        y_pred_domain=_domain(name, "y_pred_domain", y_pred_domain),
        reduction=reduction,
        on_empty=on_empty,
        check=check,
    )


def _constants(loss: str, given: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise TypeError(f"{loss}: parameters must be a mapping of names to numbers, got {given!r}")
    return tuple((name, _number(loss, name, number, REAL)) for name, number in given.items())


def _domain(loss: str, argument: str, given: str) -> Domain:
    domain = interval(given) if isinstance(given, str) else None
    if domain is None:
        raise _errors.bad_parameter(loss, argument, "an interval, such as '[0, 1]' or '(0, inf]'", given)
    return domain
