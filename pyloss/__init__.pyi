"""Written by pyloss/_stubs.py from the registry: not to be edited."""

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
from .losses.binary import BCE as BCE
from .losses.binary import Brier as Brier
from .losses.binary import Exponential as Exponential
from .losses.binary import Hinge as Hinge
from .losses.binary import Logistic as Logistic
from .losses.binary import ModifiedHuber as ModifiedHuber
from .losses.binary import Perceptron as Perceptron
from .losses.binary import SquaredHinge as SquaredHinge
from .losses.contrastive import InfoNCE as InfoNCE
from .losses.contrastive import NTXent as NTXent
from .losses.counts import GammaNLL as GammaNLL
from .losses.counts import InverseGaussianNLL as InverseGaussianNLL
from .losses.counts import NegativeBinomialNLL as NegativeBinomialNLL
from .losses.counts import PoissonNLL as PoissonNLL
from .losses.counts import TweedieNLL as TweedieNLL
from .losses.distributions import CRPSNormal as CRPSNormal
from .losses.distributions import GaussianNLL as GaussianNLL
from .losses.distributions import LaplaceNLL as LaplaceNLL
from .losses.divergences import GeneralizedKL as GeneralizedKL
from .losses.divergences import JSDivergence as JSDivergence
from .losses.divergences import KLDivergence as KLDivergence
from .losses.divergences import TotalVariation as TotalVariation
from .losses.focal import AsymmetricBCE as AsymmetricBCE
from .losses.focal import BinaryFocal as BinaryFocal
from .losses.lovasz import Lovasz as Lovasz
from .losses.margins import MulticlassHinge as MulticlassHinge
from .losses.margins import MultilabelMargin as MultilabelMargin
from .losses.margins import MultiMargin as MultiMargin
from .losses.margins import Sparsemax as Sparsemax
from .losses.multiclass import CCE as CCE
from .losses.multiclass import NLL as NLL
from .losses.multiclass import SparseCCE as SparseCCE
from .losses.ranking import CosineEmbedding as CosineEmbedding
from .losses.ranking import MarginRanking as MarginRanking
from .losses.ranking import Triplet as Triplet
from .losses.regression import MAE as MAE
from .losses.regression import MAPE as MAPE
from .losses.regression import MSE as MSE
from .losses.regression import MSLE as MSLE
from .losses.regression import RMSE as RMSE
from .losses.regression import SMAPE as SMAPE
from .losses.regression import SSE as SSE
from .losses.regression import EpsilonInsensitive as EpsilonInsensitive
from .losses.regression import Expectile as Expectile
from .losses.regression import Huber as Huber
from .losses.regression import MultiQuantile as MultiQuantile
from .losses.regression import Pinball as Pinball
from .losses.regression import SmoothL1 as SmoothL1
from .losses.regression import SquaredEpsilonInsensitive as SquaredEpsilonInsensitive
from .losses.robust import AndrewWave as AndrewWave
from .losses.robust import Arctan as Arctan
from .losses.robust import Barron as Barron
from .losses.robust import Cauchy as Cauchy
from .losses.robust import Fair as Fair
from .losses.robust import GemanMcClure as GemanMcClure
from .losses.robust import LogCosh as LogCosh
from .losses.robust import Lq as Lq
from .losses.robust import PseudoHuber as PseudoHuber
from .losses.robust import StudentT as StudentT
from .losses.robust import Tukey as Tukey
from .losses.robust import Welsch as Welsch
from .losses.robust import Wing as Wing
from .losses.segmentation import Dice as Dice
from .losses.segmentation import Jaccard as Jaccard
from .losses.segmentation import SoftMCC as SoftMCC
from .losses.segmentation import Tversky as Tversky
from .losses.similarity import CosineDistance as CosineDistance
from .losses.similarity import HingeEmbedding as HingeEmbedding
from .losses.softmax import CategoricalFocal as CategoricalFocal
from .losses.softmax import GeneralizedCE as GeneralizedCE
from .losses.softmax import Poly1 as Poly1

__version__: str

def bce(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    from_logits: bool = False,
    eps: Real = 0.0,
    pos_weight: Real = 1.0,
    label_smoothing: Real = 0.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def brier(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    from_logits: bool = False,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def logistic(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
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
    margin: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def squared_hinge(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    margin: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def modified_huber(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def perceptron(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def exponential(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def nt_xent(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    temperature: Real = 0.5,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def info_nce(
    y_true: None,
    y_pred: tuple[ArrayLike, ArrayLike] | list[ArrayLike],
    sample_weight: ArrayLike | None = None,
    *,
    temperature: Real = 0.07,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def poisson_nll(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    log_input: bool = True,
    full: bool = False,
    eps: Real = 0.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def gamma_nll(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    log_input: bool = True,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def inverse_gaussian_nll(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    log_input: bool = True,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def tweedie_nll(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    log_input: bool = True,
    power: Real = 1.5,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def negative_binomial_nll(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    theta: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def gaussian_nll(
    y_true: ArrayLike,
    y_pred: tuple[ArrayLike, ArrayLike] | list[ArrayLike],
    sample_weight: ArrayLike | None = None,
    *,
    full: bool = False,
    eps: Real = 0.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def laplace_nll(
    y_true: ArrayLike,
    y_pred: tuple[ArrayLike, ArrayLike] | list[ArrayLike],
    sample_weight: ArrayLike | None = None,
    *,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def crps_normal(
    y_true: ArrayLike,
    y_pred: tuple[ArrayLike, ArrayLike] | list[ArrayLike],
    sample_weight: ArrayLike | None = None,
    *,
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
    log_true: bool = False,
    log_pred: bool = False,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def generalized_kl(
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
def js_divergence(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: int = -1,
    beta: Real = 0.5,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def total_variation(
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
def binary_focal(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    from_logits: bool = False,
    gamma: Real = 2.0,
    alpha: Real | None = None,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def asymmetric_bce(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    gamma_neg: Real = 4.0,
    gamma_pos: Real = 1.0,
    clip: Real = 0.05,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def lovasz(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: SomeAxes | None = None,
    kind: Literal["hinge", "softmax", "probabilities"] = "hinge",
    class_axis: int = -1,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def multiclass_hinge(
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
def multi_margin(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: int = -1,
    p: Literal[1, 2] = 1,
    margin: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def multilabel_margin(
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
def sparsemax(
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
    eps: Real = 0.0,
    class_weight: Reals | None = None,
    ignore_index: int | None = None,
    label_smoothing: Real = 0.0,
    z_loss: Real = 0.0,
    softcap: Real | None = None,
    temperature: Real = 1.0,
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
    eps: Real = 0.0,
    class_weight: Reals | None = None,
    ignore_index: int | None = None,
    label_smoothing: Real = 0.0,
    z_loss: Real = 0.0,
    softcap: Real | None = None,
    temperature: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def nll(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: int = -1,
    class_weight: Reals | None = None,
    ignore_index: int | None = None,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def margin_ranking(
    y_true: ArrayLike,
    y_pred: tuple[ArrayLike, ArrayLike] | list[ArrayLike],
    sample_weight: ArrayLike | None = None,
    *,
    margin: Real = 0.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def cosine_embedding(
    y_true: ArrayLike,
    y_pred: tuple[ArrayLike, ArrayLike] | list[ArrayLike],
    sample_weight: ArrayLike | None = None,
    *,
    margin: Real = 0.0,
    axis: int = -1,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def triplet(
    y_true: None,
    y_pred: tuple[ArrayLike, ArrayLike, ArrayLike] | list[ArrayLike],
    sample_weight: ArrayLike | None = None,
    *,
    margin: Real = 1.0,
    p: Real = 2.0,
    swap: bool = False,
    axis: int = -1,
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
    delta: Real = 1.0,
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
    quantile: Real = 0.5,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def multi_quantile(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: int = -1,
    quantiles: Reals = (0.1, 0.5, 0.9),
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def smooth_l1(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    beta: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def expectile(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    quantile: Real = 0.5,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def epsilon_insensitive(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    epsilon: Real = 0.1,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def squared_epsilon_insensitive(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    epsilon: Real = 0.1,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def mape(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    eps: Real = 0.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def smape(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def msle(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def pseudo_huber(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    delta: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def log_cosh(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def fair(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    c: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def cauchy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    c: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def welsch(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    c: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def geman_mcclure(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    c: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def tukey(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    c: Real = 4.685,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def arctan(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    c: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def student_t(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    c: Real = 1.0,
    df: Real = 4.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def andrew_wave(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    c: Real = 1.339,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def wing(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    width: Real = 5.0,
    curvature: Real = 0.5,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def lq(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    q: Real = 1.5,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def barron(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    alpha: Real = 1.0,
    c: Real = 1.0,
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
    axis: SomeAxes | None = None,
    smooth: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def jaccard(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: SomeAxes | None = None,
    smooth: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def tversky(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: SomeAxes | None = None,
    alpha: Real = 0.5,
    beta: Real = 0.5,
    gamma: Real = 1.0,
    smooth: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def soft_mcc(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: SomeAxes | None = None,
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
def hinge_embedding(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    margin: Real = 1.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def categorical_focal(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: int = -1,
    from_logits: bool = False,
    gamma: Real = 2.0,
    alpha: Reals | None = None,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def poly1(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: int = -1,
    epsilon: Real = 2.0,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
def generalized_ce(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    axis: int = -1,
    from_logits: bool = False,
    q: Real = 0.7,
    reduction: Reduction = "mean",
    on_empty: OnEmpty = "nan",
    check: bool = True,
    out: Array | None = None,
) -> Value: ...
