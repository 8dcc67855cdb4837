"""The losses as a textbook writes them: plain NumPy in float64, to read and to test against.

Every loss of `pyloss.LOSSES` has a function of the same stem here. It gives a `Result`: the value of each element (of
each row, of everything), its derivative by `y_pred`, and the diagonal second derivative where there is one. `reduce`
applies weights and a reduction to that; `evaluate` does both for a loss object. Nothing is checked, nothing is fast.
"""

from typing import TYPE_CHECKING

from ._result import Result as Result
from ._result import _oracles
from ._result import evaluate as evaluate
from ._result import reduce as reduce
from .binary import *  # noqa: F403
from .contrastive import *  # noqa: F403
from .counts import *  # noqa: F403
from .distributions import *  # noqa: F403
from .divergences import *  # noqa: F403
from .focal import *  # noqa: F403
from .linear import linear_cce as linear_cce
from .lovasz import *  # noqa: F403
from .margins import *  # noqa: F403
from .multiclass import *  # noqa: F403
from .ranking import *  # noqa: F403
from .regression import *  # noqa: F403
from .robust import *  # noqa: F403
from .segmentation import *  # noqa: F403
from .similarity import *  # noqa: F403
from .softmax import *  # noqa: F403

if not TYPE_CHECKING:  # a computed __all__ would hide the functions from type checkers
    __all__ = ["Result", "evaluate", "linear_cce", "reduce", *_oracles]
