"""Write pyloss/__init__.pyi from the registry: `python -m pyloss._stubs pyloss/__init__.pyi`. A test keeps the two in step."""

import sys
from dataclasses import Field
from inspect import Parameter
from pathlib import Path
from typing import Any

from ._functions import signature_of
from ._loss import LOSSES, Loss

HEAD = '''"""Written by pyloss/_stubs.py from the registry: not to be edited."""

from typing import Literal

from numpy.typing import ArrayLike as ArrayLike

from . import losses as losses
from . import metrics as metrics
from . import reference as reference
from ._accumulator import Accumulator as Accumulator
from ._check import check as check
from ._from_kernel import from_kernel as from_kernel
from ._information import cross_entropy as cross_entropy
from ._information import entropy as entropy
from ._linear import LinearCCE as LinearCCE
from ._linear import linear_cce as linear_cce
from ._loss import LOSSES as LOSSES
from ._loss import Array as Array
from ._loss import Loss as Loss
from ._loss import OnEmpty as OnEmpty
from ._loss import Real as Real
from ._loss import Reals as Reals
from ._loss import Reduction as Reduction
from ._loss import SomeAxes as SomeAxes
from ._loss import Value as Value
from ._runtime import get_include as get_include
from ._runtime import get_num_threads as get_num_threads
from ._runtime import set_num_threads as set_num_threads
from ._runtime import show_runtime as show_runtime
from ._runtime import threads as threads
from ._sum import Sum as Sum
'''

ANNOTATIONS = {
    "y_true": "ArrayLike",
    "y_pred": "ArrayLike",
    "sample_weight": "ArrayLike | None",
    "out": "Array | None",
    "reduction": "Reduction",
    "on_empty": "OnEmpty",
}

KINDS = {"domain": "Real", "each": "Reals", "axes": "SomeAxes"}
"""What a function takes for a field, by what is declared of it."""


def render() -> str:
    """The text of the stub."""
    classes = [
        f"from {loss.__module__.removeprefix('pyloss')} import {loss.__name__} as {loss.__name__}"
        for loss in sorted(LOSSES.values(), key=import_order)
    ]
    functions = [function_stub(loss) for loss in LOSSES.values()]
    return "\n".join([HEAD + "\n".join(classes), "", "__version__: str", "", *functions]) + "\n"


def import_order(loss: type[Loss]) -> tuple[str, bool, str]:
    """As ruff sorts: by module, what looks like a constant first, and without regard to case."""
    return loss.__module__, not loss.__name__.isupper(), loss.__name__.lower()


def function_stub(loss: type[Loss]) -> str:
    lines = [f"def {loss.name}("]
    star = False
    for parameter in signature_of(loss).parameters.values():
        if parameter.kind is Parameter.KEYWORD_ONLY and not star:
            lines.append("    *,")
            star = True
        lines.append(f"    {parameter_stub(loss, parameter)},")
    return "\n".join([*lines, ") -> Value: ..."])


def name_of(declared: Field[Any]) -> str:
    for kind, name in KINDS.items():
        if kind in declared.metadata:
            return name if declared.default is not None else f"{name} | None"
    annotation: Any = declared.type
    name = annotation.__name__ if type(annotation) is type else str(annotation)
    return name.removeprefix("typing.").replace("'", '"')


def array_stub(loss: type[Loss], name: str) -> str | None:
    """The type of an argument that some losses take another kind of: no truth, or several predictions."""
    if name == "y_true" and loss.labels == "none":
        return "None"
    if name == "y_pred" and loss.predictions:
        several = ", ".join(["ArrayLike"] * len(loss.predictions))
        return f"tuple[{several}] | list[ArrayLike]"
    return None


def parameter_stub(loss: type[Loss], parameter: Parameter) -> str:
    annotation = array_stub(loss, parameter.name) or ANNOTATIONS.get(parameter.name)
    annotation = annotation or name_of(loss.__dataclass_fields__[parameter.name])
    default = "" if parameter.default is Parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}: {annotation}{default.replace(chr(39), chr(34))}"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render())
