"""Written by pyloss/_stubs.py from the registry: not to be edited."""

from numpy.typing import ArrayLike as ArrayLike

from . import losses as losses
from . import reference as reference
from ._information import cross_entropy as cross_entropy
from ._information import entropy as entropy
from ._loss import LOSSES as LOSSES
from ._loss import Array as Array
from ._loss import Loss as Loss
from ._loss import OnEmpty as OnEmpty
from ._loss import Reduction as Reduction
from ._loss import Value as Value
from ._runtime import get_num_threads as get_num_threads
from ._runtime import set_num_threads as set_num_threads
from ._runtime import show_runtime as show_runtime
from ._runtime import threads as threads
from .losses.binary import BCE as BCE
from .losses.binary import Hinge as Hinge
from .losses.divergences import KLDivergence as KLDivergence
from .losses.multiclass import CCE as CCE
from .losses.multiclass import SparseCCE as SparseCCE
from .losses.regression import MAE as MAE
from .losses.regression import MSE as MSE
from .losses.regression import RMSE as RMSE
from .losses.regression import SSE as SSE
from .losses.regression import Huber as Huber
from .losses.regression import Pinball as Pinball
from .losses.segmentation import Dice as Dice
from .losses.similarity import CosineDistance as CosineDistance

__version__: str

def bce(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    from_logits: bool = False,
    eps: float = 0.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def hinge(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def kl_divergence(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: int = -1,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def cce(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: int = -1,
    from_logits: bool = False,
    eps: float = 0.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def sparse_cce(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: int = -1,
    from_logits: bool = False,
    eps: float = 0.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def mse(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def sse(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    reduction: Reduction = "sum",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def mae(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def rmse(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def huber(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    delta: float = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def pinball(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    quantile: float = 0.5,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def dice(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    smooth: float = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def cosine_distance(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: int = -1,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
