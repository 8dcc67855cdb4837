"""Block kernels as others hand them over: where one is, what it takes, and what keeps it alive."""

import re
import sys
from _ctypes import FUNCFLAG_PYTHONAPI
from ctypes import CFUNCTYPE, c_void_p, cast, sizeof
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ._engine import capsule_contents

SIGNATURES = {
    32: "void (float *, float *, double *, int, float *, float *, float *, ptrdiff_t)",
    64: "void (double *, double *, double *, int, double *, double *, double *, ptrdiff_t)",
}
"""Of kernels for float32 and for float64: y_true, y_pred, parameters, outputs, value, grad, hess, n."""

_CTYPES_FUNCTION: Any = CFUNCTYPE(None).__bases__[0]
_POINTER_BITS = np.dtype(np.intp).itemsize * 8
_INTEGERS = {
    **{name: "int32" for name in ("int", "int32_t")},
    **{name: "int64" for name in ("long long", "int64_t")},
    **{name: f"int{_POINTER_BITS}" for name in ("ptrdiff_t", "Py_ssize_t", "ssize_t", "intptr_t", "npy_intp")},
    "long": f"int{np.dtype('l').itemsize * 8}",
}


@dataclass(frozen=True)
class BlockKernel:
    """A kernel at its address; equal to any other at the same one."""

    address: int
    owner: Any = field(compare=False, repr=False)
    """What was handed over: while it lives, so does the function."""

    def __repr__(self) -> str:
        return f"<kernel at {self.address:#x}>"


def block_kernel(loss: str, argument: str, given: Any, bits: int) -> BlockKernel:
    """The kernel for numbers of so many bits, if what was given is one."""
    address, signature = located(loss, argument, given, SIGNATURES[bits])
    if wrong := difference(argument_types(signature), argument_types(SIGNATURES[bits])):
        raise TypeError(
            f"{loss}: {argument} must have the signature {SIGNATURES[bits]!r}, but {wrong}: got {signature!r}"
        )
    if not 0 < address <= 2 * sys.maxsize + 1:
        raise ValueError(f"{loss}: {argument} must be at the address of a function, got {address}")
    return BlockKernel(address, given)


def located(loss: str, argument: str, given: Any, wanted: str) -> tuple[int, str]:
    """The address of a function and its signature, as scipy.LowLevelCallable writes it."""
    if isinstance(given, tuple) and [type(part) for part in given] == [int, str]:
        return given
    capsule = tuple.__getitem__(given, 0) if isinstance(given, tuple) and given else given  # scipy.LowLevelCallable
    if contents := capsule_contents(capsule):
        address, signature, context = contents
        if context:
            raise TypeError(f"{loss}: {argument} must have no user data: numbers are given as parameters")
        return address, signature
    function = getattr(given, "ctypes", given)  # numba's cfunc has one of ctypes
    if isinstance(function, _CTYPES_FUNCTION):
        if function._flags_ & FUNCFLAG_PYTHONAPI:
            raise TypeError(f"{loss}: {argument} must be able to run without the GIL, got {given!r} of a ctypes.PyDLL")
        return cast(function, c_void_p).value or 0, ctypes_signature(loss, argument, function)
    raise TypeError(
        f"{loss}: {argument} must be a pair (address, {wanted!r}), a scipy.LowLevelCallable, a cfunc of numba, a function of ctypes "
        f"or a capsule named by its signature, got {given!r}"
    )


def ctypes_signature(loss: str, argument: str, function: Any) -> str:
    if function.argtypes is None:
        raise TypeError(f"{loss}: {argument} must have its argtypes and restype declared, got {function!r} without")
    return f"{ctype_name(function.restype)} ({', '.join(map(ctype_name, function.argtypes))})"


def ctype_name(ctype: Any) -> str:
    if ctype is None:
        return "void"
    if hasattr(ctype, "contents"):
        return f"{ctype_name(ctype._type_)} *"
    if getattr(ctype, "_type_", None) in tuple("hilq"):
        return f"int{8 * sizeof(ctype)}_t"
    return str(getattr(ctype, "__name__", ctype)).removeprefix("c_")


def argument_types(signature: str) -> tuple[str, ...]:
    """The types that a signature names, that of the result first: `const` and the names of integers of one size make no difference."""
    match = re.fullmatch(r"([^()]+)\(([^()]*)\)\s*", signature)
    return tuple(map(type_name, (match[1], *match[2].split(",")))) if match else ()


def difference(types: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    """The first place in which two signatures differ, in words; nothing where they agree."""
    if not types:
        return "it is written in another way, as 'result (arguments)' without names"
    if types[0] != wanted[0]:
        return f"it returns {types[0]}, not {wanted[0]}"
    if len(types) != len(wanted):
        return f"it has {len(types) - 1} arguments, not {len(wanted) - 1}"
    places = [k for k, (own, other) in enumerate(zip(types, wanted, strict=True)) if own != other]
    return f"argument {places[0]} is {types[places[0]]}, not {wanted[places[0]]}" if places else ""


def type_name(text: str) -> str:
    name = " ".join(word for word in re.findall(r"\w+|\*|\S", text) if word != "const")
    return _INTEGERS.get(name, name)
