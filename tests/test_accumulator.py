"""Accumulators: a stream of data, cut and merged in any way, gives what one call on the whole gives."""

import gc
import itertools
import pickle
import re
import signal
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from math import inf, isnan, nan

import numpy as np
import pytest
from variants import CONTRASTIVE, EVERY, SORTED, VARIANTS, data, weights

import pyloss
from pyloss import (
    CCE,
    MAE,
    MSE,
    RMSE,
    Accumulator,
    Dice,
    GaussianNLL,
    Huber,
    Lovasz,
    NTXent,
    SoftMCC,
    SparseCCE,
    Sum,
    Triplet,
)
from pyloss._accumulator import _pieces

BLOCK = 1024
STREAMS = [variant for variant in EVERY if variant not in CONTRASTIVE + SORTED]
NUMBERS = ("mean", "sum", "batchmean")


def part(array, first, last):
    if isinstance(array, tuple):
        return tuple(part(one, first, last) for one in array)
    return None if array is None else array[first:last]


def pieces(arrays, cuts):
    """What lies between the cuts."""
    edges = [0, *cuts, None]
    return [tuple(part(array, *between) for array in arrays) for between in itertools.pairwise(edges)]


def noisy(variant, rows, dtype, rng):
    """Numbers that sums round: the data of a loss times something near 1."""
    shape = (rows,) if variant().family == "elementwise" else (rows, 5)
    y, p = data(variant, shape)
    preds = p if isinstance(p, tuple) else (p,)
    preds = tuple((pred * rng.uniform(0.9, 1, pred.shape)).astype(dtype) for pred in preds)
    truth = y if y is None or variant.labels else y.astype(dtype)
    return truth, preds if isinstance(p, tuple) else preds[0]


def summed_up(loss, parts, order):
    """Each part in an accumulator of its own that has been through a pickle, merged in an order."""
    accumulators = []
    for piece in parts:
        accumulators.append(loss.accumulator())
        accumulators[-1].update(*piece)
    total = loss.accumulator()
    for k in order(len(parts)):
        total.merge(pickle.loads(pickle.dumps(accumulators[k])))
    return total.result()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("variant", STREAMS, ids=str)
def test_a_stream_has_the_bits_of_the_whole(variant, dtype, weighted, rng):
    y, p = noisy(variant, 3 * BLOCK + 77, dtype, rng)
    arrays = (y, p, weights((3 * BLOCK + 77,)) if weighted else None)
    for reduction in NUMBERS:
        loss = variant(reduction=reduction)
        whole = loss(*arrays)
        running = loss.accumulator()
        for piece in pieces(arrays, [BLOCK, 3 * BLOCK]):
            running.update(*piece)
        assert running.result() == whole
    for cuts in ([2 * BLOCK], [0, BLOCK, BLOCK, 2 * BLOCK, 3 * BLOCK]):
        parts = pieces(arrays, cuts)
        for order in (range, lambda n: reversed(range(n)), rng.permutation):
            assert summed_up(loss, parts, order) == whole


def test_a_negative_sum_of_many_terms_can_be_pickled():
    """Also one that goes on afterwards."""
    y, p = np.zeros(3 * BLOCK), np.ones(3 * BLOCK)
    stream = pyloss.PoissonNLL(log_input=False, reduction="sum").accumulator()
    stream.update(y + 9, 8 * p)
    restored = pickle.loads(pickle.dumps(stream))
    assert restored.result() == stream.result() < 0
    restored.update(y + 9, 8 * p)
    assert restored.result() == 2 * stream.result()


@pytest.mark.parametrize("classes", [1, 3, 100, 700, 900, 5000])
def test_blocks_of_rows_end_where_data_may_be_cut(classes, rng):
    z, y = rng.normal(size=(BLOCK + 40, classes)), rng.integers(0, classes, BLOCK + 40)
    for loss in (CCE(from_logits=True), SparseCCE(from_logits=True), pyloss.KLDivergence(check=False)):
        truth = np.abs(z) if loss.name == "kl_divergence" else y
        pred = np.abs(z) if loss.name == "kl_divergence" else z
        assert summed_up(loss, pieces((truth, pred, None), [BLOCK]), range) == loss(truth, pred)


@pytest.mark.parametrize("variant", [variant for variant in SORTED if variant().axis == (-1,)], ids=str)
def test_sorted_errors_in_rows(variant, rng):
    classes = variant().labels == "always"
    y = rng.integers(0, 3 if classes else 2, (9, 6))
    p, w = rng.random((9, 6, 3) if classes else (9, 6)), weights((9,))
    for reduction in NUMBERS:
        loss = variant(reduction=reduction)
        assert summed_up(loss, pieces((y, p, w), [2, 3, 7]), reversed_range) == loss(y, p, w)


def reversed_range(n):
    return reversed(range(n))


@pytest.mark.parametrize("axis", [-1, (1, 2), 0, (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("reduction", NUMBERS)
@pytest.mark.parametrize("cls", [Dice, SoftMCC])
def test_cases_in_rows_and_cases_through_all_rows(cls, reduction, axis, rng):
    y, p = rng.integers(0, 2, (2 * BLOCK + 5, 3, 2)), rng.random((2 * BLOCK + 5, 3, 2))
    w = weights((2 * BLOCK + 5,))
    loss = cls(axis=axis, reduction=reduction)
    for weight in (None, w):
        assert summed_up(loss, pieces((y, p, weight), [BLOCK, 2 * BLOCK]), reversed_range) == loss(y, p, weight)


def test_cases_keep_their_form():
    through = Dice(axis=0).accumulator()
    through.update(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(
        ValueError, match=r"^dice: the arrays of a stream have one shape of cases, got \(4,\) after \(3,\)$"
    ):
        through.update(np.ones((2, 4)), np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"^dice: the arrays of a stream have one number of axes, got 3 after 2$"):
        through.update(np.ones((2, 3, 1)), np.ones((2, 3, 1)))
    assert through.result() == 0
    images = Dice(axis=(1, 2)).accumulator()
    for size in (3, 5):  # images of any size
        images.update(np.ones((2, size, 4)), np.ones((2, size, 4)))
    assert images.result() == 0


ROWS = [variant for variant in STREAMS if hasattr(variant(), "axis") and type(variant().axis) is int]


@pytest.mark.parametrize("stem", ["sparse_cce", "cce", "kl_divergence", "total_variation"])
def test_rows_along_the_first_axis_keep_their_form(stem, rng):
    """Of a piece and of an accumulator that is merged: rows that were cut are seldom of one length. An error changes nothing."""
    loss = pyloss.LOSSES[stem](axis=0)

    def arrays(*shape):
        p = rng.random(shape)
        return (p.argmax(0), p) if stem == "sparse_cce" else (p, p[::-1])

    stream = loss.accumulator()
    stream.update(*arrays(4, 3))
    stream.update(*arrays(4, 5))
    before = stream.result()
    wrong = [
        (arrays(4, 3, 2), f"{stem}: the arrays of a stream have one number of axes, got 3 after 2"),
        (arrays(2, 3), f"{stem}: the arrays of a stream have one length of rows, got 2 after 4"),
    ]
    for given, message in wrong:
        other = loss.accumulator()
        other.update(*given)
        for take_in in (lambda: stream.update(*given), lambda: stream.merge(other)):  # noqa: B023
            with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
                take_in()
    assert stream.result() == before


@pytest.mark.parametrize("variant", [v for v in ROWS if v().axis == -1 and not v.classes], ids=str)
def test_rows_along_the_last_axis_may_be_of_any_length(variant):
    """As lists of answers to queries are."""
    parts = [data(variant, shape) for shape in ((3, 4), (1, 6), (2, 1, 5))]
    stream = variant(reduction="sum").accumulator()
    for part in parts:
        stream.update(*part)
    assert stream.result() == pytest.approx(
        sum(variant(reduction="sum")(*part) for part in parts), rel=1e-12, abs=1e-12
    )


@pytest.mark.parametrize("variant", [v for v in ROWS if v().axis == -1], ids=str)
def test_one_row_of_one_axis_is_a_whole_and_no_piece(variant):
    y, p = data(variant, (variant.classes or 4,))
    stream = variant().accumulator()
    stream.update(y, p)
    assert stream.result() == variant()(y, p)
    message = "the rows of a stream come in arrays of 2 axes or more, also one row alone, got a second piece of 1 axis"
    with pytest.raises(ValueError, match=f"^{variant.stem}: {message}"):
        stream.update(y, p)
    assert stream.result() == variant()(y, p)


def test_classes_may_lie_along_the_first_axis_of_all_pieces(rng):
    z, y = rng.normal(size=(3, 2 * BLOCK)), rng.integers(0, 3, 2 * BLOCK)
    loss = SparseCCE(from_logits=True, axis=0)
    parts = [(y[:BLOCK], z[:, :BLOCK], None), (y[BLOCK:], z[:, BLOCK:], None)]
    assert summed_up(loss, parts, range) == loss(y, z)


@pytest.mark.parametrize("scale", [1e-170, 1.0, 1e170])
def test_totals_at_any_magnitude(scale, rng):
    """A root of squares that leave the range reads the data in another scale, which nobody knows before the end."""
    y, p = rng.normal(size=(2, 2 * BLOCK)) * scale
    p[BLOCK:] /= scale
    for arrays in ((y, p, None), (y[:BLOCK], p[:BLOCK], None)):
        assert summed_up(RMSE(), pieces(arrays, [BLOCK]), range) == RMSE()(*arrays)


@pytest.mark.parametrize("threads", [1, 2])
def test_several_losses_from_one_reading(threads, rng):
    """Data beyond the size of a piece are cut where no loss can tell."""
    losses = [MSE(), MAE(reduction="sum"), Huber(), RMSE(), Dice(), Dice(axis=0), Sum([(0.5, MSE()), (2.0, MAE())])]
    y, p = rng.random((2, 70_001, 3))
    with pyloss.threads(threads):
        for weight in (None, weights((70_001,)), np.ma.masked_array(weights((70_001,)), p[:, 0] > 0.9)):
            together = Accumulator(losses)
            together.update(y, p, weight)
            assert together.result() == tuple(loss(y, p, weight) for loss in losses)


def test_long_rows_are_cut_in_pieces_too():
    """A row of whole blocks ends a piece anywhere: none is longer than a cache needs."""
    y = np.zeros((300, BLOCK))
    cut = _pieces([MSE()._tally(), MAE()._tally()], (y, y, None))
    assert [truth.shape for truth, _, _ in cut] == [(128, BLOCK), (128, BLOCK), (44, BLOCK)]


def test_data_that_may_not_be_cut_are_taken_at_once(rng):
    """Of sorted errors, and of rows along the first axis."""
    y, p = rng.integers(0, 2, (80, 2000)), rng.normal(size=(80, 2000))
    losses = [Lovasz(axis=1), Lovasz(axis=1, reduction="sum")]
    for together, arrays in ((losses, (y, p)), ([SparseCCE(from_logits=True, axis=0)] * 2, (y[0], p))):
        taken = Accumulator(together)
        taken.update(*arrays)
        assert taken.result() == tuple(loss(*arrays) for loss in together)


def test_several_losses_of_labels_and_of_several_predictions(rng):
    z, y = rng.normal(size=(40_000, 7)), rng.integers(0, 7, 40_000)
    losses = (CCE(from_logits=True), SparseCCE(from_logits=True), CCE(from_logits=True, label_smoothing=0.1))
    together = Accumulator(losses)
    together.update(y, z)
    assert together.result() == tuple(loss(y, z) for loss in losses)
    classes_first = Accumulator([SparseCCE(from_logits=True, axis=0), CCE(from_logits=True, axis=0)])
    classes_first.update(y, z.T)
    assert classes_first.result() == (SparseCCE(from_logits=True)(y, z),) * 2
    by_both = Accumulator([GaussianNLL(), GaussianNLL(full=True)])
    by_both.update(z[:, 0], (z[:, 1], np.exp(z[:, 2])))
    assert by_both.result()[0] == GaussianNLL()(z[:, 0], (z[:, 1], np.exp(z[:, 2])))


def test_several_predictions_may_come_in_a_list(rng):
    anchors, others, further = rng.normal(size=(3, 70_000, 2))
    losses = [Triplet(), Triplet(margin=0.5)]
    together = Accumulator(losses)
    together.update(None, [anchors, others, further])
    assert together.result() == tuple(loss(None, (anchors, others, further)) for loss in losses)


def test_no_cases():
    for loss in (Dice(axis=0), Dice(axis=0, on_empty="zero"), SoftMCC(axis=0)):
        nothing = np.ones((5, 0))
        whole = loss(nothing, nothing)
        assert summed_up(loss, [(nothing, nothing, None)], range) == pytest.approx(whole, nan_ok=True)


def test_a_signal_may_ask_for_the_result(rng):
    """Whoever reads needs no lock, which the interrupted thread may have."""
    y, p = rng.normal(size=(2, 300_000))
    accumulator = Accumulator([MSE(), RMSE()])
    accumulator.update(y, p)
    whole, seen = accumulator.result(), []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(accumulator.result()))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        while len(seen) < 100:
            accumulator.update(y, p)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    for result in seen:  # of the same data several times
        assert result == pytest.approx(whole, rel=1e-15, abs=0)


def test_an_accumulator_of_one_loss_gives_a_number():
    alone, listed = MSE().accumulator(), Accumulator([MSE()])
    for accumulator in (alone, listed):
        accumulator.update([1.0, 2], [2.0, 4], [1.0, 3])
    assert (alone.result(), listed.result()) == (3.25, (3.25,))
    assert repr(alone) == f"Accumulator({MSE()!r})"
    assert repr(listed) == f"Accumulator([{MSE()!r}])"
    assert alone.losses == (MSE(),)
    assert pickle.loads(pickle.dumps(listed)).result() == (3.25,)


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v.parameters.get("axis") is None], ids=str)
def test_nothing_is_as_the_mean_of_nothing(variant):
    for rows in (None, 0):
        for reduction in NUMBERS:
            for on_empty, expected in (("nan", nan), ("zero", 0.0)):
                loss = variant(reduction=reduction, on_empty=on_empty)
                nothing = loss.accumulator()
                if rows is not None:
                    nothing.update(*data(variant, (rows, 4)))
                want = 0.0 if reduction == "sum" else expected
                assert nothing.result() == want or isnan(nothing.result()) == isnan(want)
    with pytest.raises(ValueError, match=f"^{variant.stem}: there is nothing to average"):
        variant(reduction="mean", on_empty="raise").accumulator().result()


def test_an_error_changes_nothing(rng):
    """The offence is named by its place in the whole, also where the data are read in pieces."""
    y, p = rng.random((2, 500_000))
    p[400_000] = 1.5
    both = Accumulator([MSE(), pyloss.BCE(), MAE()])
    both.update(y[:10], p[:10])
    before = both.result()
    with pytest.raises(ValueError, match=r"^bce: y_pred must be in \[0, 1\], got 1.5 at index 400000 "):
        both.update(y, p)
    with pytest.raises(ValueError, match=r"^dice: y_pred must be in \[0, 1\], got 1.5 at index \(1, 2\)$"):
        Dice(axis=0).accumulator().update(np.zeros((2, 3)), [[0, 1, 0], [0, 1, 1.5]])
    with pytest.raises(ValueError, match=r"^mse: y_true and y_pred must have the same shape"):
        both.update(y[:-1], p)
    with pytest.raises(TypeError, match=r"^mse: y_pred must be an array, got None"):
        both.update(y, None)
    with pytest.raises(ValueError, match=r"^mse: sample_weight must have the shape"):
        both.update(y, p, np.ones(7))
    assert both.result() == before


def test_losses_take_data_in_together_or_not_at_all():
    """The shape of cases is known only when the sums are merged."""
    for both in (Accumulator([MSE(), Dice(axis=0)]), Sum([(1, MSE()), (1, Dice(axis=0))]).accumulator()):
        both.update(np.ones((2, 3)), np.zeros((2, 3)))
        before = both.result()
        with pytest.raises(
            ValueError, match=r"^dice: the arrays of a stream have one shape of cases, got \(4,\) after \(3,\)$"
        ):
            both.update(np.ones((2, 4)), np.ones((2, 4)))
        assert both.result() == before


def test_values_out_of_range_are_kept():
    loss = MAE(reduction="sum")
    assert isnan(summed_up(loss, [([0.0], [inf]), ([0.0], [nan])], range))
    assert summed_up(loss, [([0.0], [inf]), ([0.0, 0], [1.0, 2])], range) == inf
    big, tiny = [([0.0], [1.5e308])] * 3, [([0.0], [5e-324])] * 3
    assert summed_up(loss, big, range) == inf
    assert summed_up(loss, tiny, range) == 15e-324
    signed = pyloss.NLL(reduction="sum")
    for scores, total in (([-inf, inf], nan), ([inf, 1.0], -inf), ([1.0, -inf], inf), ([nan, inf], nan)):
        np.testing.assert_equal(summed_up(signed, [([0], [[score]]) for score in scores], range), total)


def test_masked_arrays_and_lists():
    accumulator = Accumulator([MSE(), MAE()])
    accumulator.update(np.ma.masked_array([1.0, 5, 2], [False, True, False]), [2.0, 7, 4])
    accumulator.update([0.0], [1.0])
    assert accumulator.result() == (2.0, 4 / 3)


def test_many_threads_update_one(rng):
    y, p = rng.normal(size=(2, 64 * BLOCK))
    losses = [MSE(), RMSE(), Huber()]
    shared = Accumulator(losses)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda piece: shared.update(*piece), pieces((y, p), range(BLOCK, 64 * BLOCK, BLOCK))))
    assert shared.result() == tuple(loss(y, p) for loss in losses)


def test_merging_leaves_the_other_and_takes_itself():
    one, other = MSE().accumulator(), MSE().accumulator()
    one.update([0.0], [1.0])
    other.update([0.0], [3.0])
    one.merge(other)
    assert (one.result(), other.result()) == (5, 9)
    one.merge(one)
    assert one.result() == 5
    one.update([0.0], [5.0])
    assert (one.result(), other.result()) == (9, 9)


def test_memory_does_not_grow(rng):
    y, p = rng.normal(size=(2, 5000))
    accumulator = Accumulator([MSE(), RMSE(), CCE(check=False)])
    tracemalloc.start()
    sizes = []
    for _ in range(3):
        for _ in range(100):
            accumulator.update(y[:, None], p[:, None])
        gc.collect()
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes[2] - sizes[1] < 1000
    assert len(pickle.dumps(accumulator)) < 10_000


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        (7, "losses must be a loss or a sequence of losses, got 7"),
        ("mse", "losses must be a loss or a sequence of losses, got 'mse'"),
        ([MSE(), 7], r"losses\[1\] must be a loss of pyloss, got 7"),
        ([MSE], r"losses\[0\] must be a loss of pyloss, got <class .*>: write MSE\(\)"),
        (MSE, r"losses\[0\] must be a loss of pyloss, got <class .*>: write MSE\(\)"),
    ],
)
def test_what_is_no_loss(losses, message):
    with pytest.raises(TypeError, match=f"^Accumulator: {message}$"):
        Accumulator(losses)


def test_what_cannot_be_added_up():
    with pytest.raises(ValueError, match=r"^Accumulator: losses must hold at least one loss$"):
        Accumulator([])
    with pytest.raises(ValueError, match=r"^mse: an accumulator keeps one number, and reduction='none' gives many$"):
        MSE(reduction="none").accumulator()
    with pytest.raises(TypeError, match=r"^nt_xent: it compares the rows of a batch"):
        NTXent().accumulator()
    for axis in (None, 0, (0, 1)):
        with pytest.raises(
            ValueError, match=r"^lovasz: in an accumulator, axis must leave out the first axis, .*; got"
        ):
            Lovasz(axis=axis).accumulator()
    with pytest.raises(
        ValueError, match=r"^lovasz: in an accumulator, axis must leave out the first axis, .*; got -2$"
    ):
        Lovasz(axis=-2).accumulator().update(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(TypeError, match=r"^Accumulator: only an accumulator can be merged, got 7$"):
        MSE().accumulator().merge(7)
    with pytest.raises(ValueError, match=r"^Accumulator: only one of the same losses can be merged"):
        MSE().accumulator().merge(MAE().accumulator())


def test_bad_states_are_refused():
    """A pickle that was made by nobody."""
    from pyloss._engine import Sums, restored_sums

    _, (good,) = Sums().__reduce__()
    terms, *rest, digits = good[0]
    longer = (terms, *rest, digits + b"\0")
    for states in (
        (),
        good[1:],
        (*good, good[0]),
        ((1, 0.0, 0.0, b""),) * 4,
        (longer,) * 4,
        ((-1, *rest, digits),) * 4,
    ):
        with pytest.raises(ValueError, match="not the state of"):
            restored_sums(states)
    with pytest.raises(TypeError):
        restored_sums(None)
