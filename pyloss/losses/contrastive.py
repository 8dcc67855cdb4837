"""Losses of a batch against itself: what belongs together should be more alike than what does not."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from .. import _contrastive
from .._batch import Batch, ContrastiveLoss
from .._domains import FINITE_POSITIVE, REAL, Domain
from .._loss import Array, Labels, Number, parameter


class NTXent(ContrastiveLoss, stem="nt_xent"):
    """Normalised, temperature-scaled cross-entropy: each embedding of a group against all embeddings of other groups.

    With the cosine similarities s of rows, divided by `temperature`, an anchor i and its positives j (the other rows of its label):
    value sum over j of log(1 + sum over negatives k of exp(s_ik - s_ij)), where the negatives are the rows of other labels; other positives
    are not among them. gradient by the similarities: -p_ij for a positive, q_ik sum of p_ij for a negative, where p_ij is the sigmoid of
    log(sum of exp s_ik) - s_ij and q the softmax over the negatives; through both rows' norms. Without negatives an anchor costs 0.

    y_true holds one integer label a row, any numbers (TypeError for what is not an integer); y_pred one embedding a row, any numbers. A
    zero vector is like nothing: its similarities and its gradient are 0. Lengths do not matter, be they 1e-30 or 1e30.

    An anchor's weight in the mean is `sample_weight` times the number of its positives, so that the mean is over positive pairs. A row of
    weight 0 is not there: no anchor, no positive and no negative.

    Reference: K. Sohn, Improved deep metric learning with multi-class N-pair loss objective, 2016, for groups of any size; T. Chen,
    S. Kornblith, M. Norouzi and G. Hinton, A simple framework for contrastive learning of visual representations, 2020, where each group
    has two rows. It is not the supervised contrastive loss, in whose denominators the other positives stay.
    """

    labels: ClassVar[Labels] = "rows"

    temperature: Number = parameter(default=0.5, domain=FINITE_POSITIVE)

    def _pairs(self, truth: Array | None, count: int) -> tuple[Array, Array]:
        _, labels, counts = np.unique(np.asarray(truth), return_inverse=True, return_counts=True)
        labels = labels.reshape(-1)
        return labels, counts[labels] - 1.0

    def _contrast(self, batch: Batch, factors: Array | None) -> tuple[Array, tuple[Array, ...]]:
        (units,) = batch.units
        found = _contrastive.contrast(
            units.vectors, units.vectors, batch.labels, self.temperature, factors, itself=False
        )
        return found.values, () if found.anchors is None else (found.anchors,)


class InfoNCE(ContrastiveLoss, stem="info_nce"):
    """InfoNCE: each query must find its own key among the keys of all.

    y_pred is the pair (queries, keys), of one shape; row i of one belongs to row i of the other, and y_true is None. With the cosine
    similarities s of queries and keys, divided by `temperature`: value log(sum over k of exp s_ik) - s_ii, gradient by the similarities
    softmax(s)_ik, less 1 where k = i; through the norms of both.

    Embeddings are any numbers. A zero vector is like nothing: its similarities and its gradient are 0. Lengths do not matter, be they
    1e-30 or 1e30. `sample_weight` is one number per pair; a pair of weight 0 is not there, neither as a query nor as a key.

    Reference: A. van den Oord, Y. Li and O. Vinyals, Representation learning with contrastive predictive coding, 2018.
    """

    predictions: ClassVar[Mapping[str, Domain]] = {"queries": REAL, "keys": REAL}
    labels: ClassVar[Labels] = "none"

    temperature: Number = parameter(default=0.07, domain=FINITE_POSITIVE)

    def _pairs(self, truth: Array | None, count: int) -> tuple[Array, Array]:
        return np.arange(count), np.ones(count)

    def _contrast(self, batch: Batch, factors: Array | None) -> tuple[Array, tuple[Array, ...]]:
        queries, keys = batch.units
        found = _contrastive.contrast(
            queries.vectors, keys.vectors, batch.labels, self.temperature, factors, itself=True
        )
        return found.values, () if found.anchors is None or found.others is None else (found.anchors, found.others)
