"""pyloss.adapters.dask: lazy, and with the bits of one call on the whole: any chunks and scheduler, workers that die."""

import os
import pickle
import signal
import subprocess
import sys
import time
from math import isnan
from pathlib import Path

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster

import pyloss
from pyloss.adapters import _dask_chunks as chunks
from pyloss.adapters import dask as losses

ROWS, CHUNK = 5 * 1024 + 77, 2048


class Data:
    """The arguments of a kind of loss."""

    def __init__(self, dtype=np.float64, rows=ROWS):
        rng = np.random.default_rng(7)
        self.real = (rng.normal(size=rows), rng.normal(size=rows).astype(dtype))
        self.positive = tuple(np.abs(array) + np.float32(0.1) for array in self.real)
        self.bits = ((self.real[0] > 0).astype(np.int8), self.real[1])
        self.masks = (self.bits[0], (1 / (1 + np.exp(-self.real[1]))).astype(dtype))
        self.matrix = tuple(rng.normal(size=(rows, 5)).astype(dtype) for _ in range(2))
        self.labels = (rng.integers(0, 5, rows), self.matrix[1])
        self.one_number_a_row = (self.real[0], self.matrix[1][:, :3])
        self.pair = (self.real[0], (self.real[1], self.positive[1]))
        self.triple = (None, tuple(rng.normal(size=(rows, 4)).astype(dtype) for _ in range(3)))
        self.weight = rng.random(rows)


OF = {
    "real": [
        pyloss.MSE(),
        pyloss.Huber(delta=0.5, reduction="sum"),
        pyloss.LogCosh(reduction="batchmean"),
        pyloss.RMSE(),
        pyloss.MAE(reduction="none"),
        pyloss.BCE(from_logits=True, check=False),
        pyloss.Sum([(2.0, pyloss.MSE()), (-0.5, pyloss.Pinball(quantile=0.9))]),
        pyloss.Sum([(1.5, pyloss.RMSE()), (0.3, pyloss.Sum([(3.0, pyloss.SSE()), (0.0, pyloss.MSE())]))]),
    ],
    "positive": [pyloss.GammaNLL(), pyloss.MSLE()],
    "bits": [pyloss.BCE(from_logits=True), pyloss.BinaryFocal(from_logits=True)],
    "masks": [pyloss.Dice(), pyloss.SoftMCC(), pyloss.Tversky(), pyloss.Brier()],
    "matrix": [pyloss.MSE(), pyloss.CosineDistance(), pyloss.RMSE(), pyloss.LogCosh(reduction="batchmean")],
    "labels": [
        pyloss.CCE(from_logits=True),
        pyloss.SparseCCE(from_logits=True, label_smoothing=0.1, reduction="batchmean"),
        pyloss.CCE(from_logits=True, class_weight=(1, 2, 3, 0.5, 1), ignore_index=1),
        pyloss.CCE(from_logits=True, class_weight=(1e12, 2e12, 3e12, 1e12, 5e11)),
        pyloss.CCE(from_logits=True, reduction="none"),
        pyloss.MulticlassHinge(),
    ],
    "one_number_a_row": [pyloss.MultiQuantile()],
    "pair": [pyloss.GaussianNLL(), pyloss.GaussianNLL(reduction="none")],
    "triple": [pyloss.Triplet(), pyloss.Triplet(reduction="sum")],
}
CASES = [(kind, loss) for kind, several in OF.items() for loss in several]
EVERY_CASE = pytest.mark.parametrize(("kind", "loss"), CASES, ids=lambda given: str(given)[:60])


def in_chunks(array, chunk=CHUNK):
    if isinstance(array, tuple):
        return tuple(in_chunks(one, chunk) for one in array)
    return None if array is None else da.from_array(array, chunks=(chunk, *array.shape[1:]))


def assert_same_bits(mine, whole):
    if isinstance(whole, tuple):
        assert len(mine) == len(whole)
        for a, b in zip(mine, whole, strict=True):
            assert_same_bits(a, b)
        return
    mine, whole = np.asarray(mine), np.asarray(whole)
    assert (mine.dtype, mine.shape) == (whole.dtype, whole.shape)
    assert mine.tobytes() == whole.tobytes()


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@EVERY_CASE
def test_the_bits_of_one_call(kind, loss, weighted, dtype, scheduler):
    data = Data(dtype)
    whole = (*getattr(data, kind), data.weight if weighted else None)
    arrays = tuple(map(in_chunks, whole))
    value, grad = loss.value_and_grad(*whole)
    mine = dask.compute(*losses.value_and_grad(loss, *arrays), scheduler=scheduler)
    assert_same_bits(mine, (value, grad))
    assert_same_bits(losses.value(loss, *arrays).compute(scheduler=scheduler), value)
    assert_same_bits(dask.compute(losses.grad(loss, *arrays), scheduler=scheduler)[0], grad)


@EVERY_CASE
def test_gradients_say_what_they_are(kind, loss):
    y, p, w = *map(in_chunks, getattr(Data(np.float32), kind)), None
    grad = losses.value_and_grad(loss, y, p, w)[1]
    for g, pred in zip(*((a if isinstance(a, tuple) else (a,)) for a in (grad, p)), strict=True):
        assert (g.dtype, g.chunks, g.shape) == (pred.dtype, pred.chunks, pred.shape)
        assert type(g._meta) is np.ndarray


@pytest.mark.parametrize("dtype", [">f8", ">f4", "<f2", "<i4"])
def test_gradients_have_the_dtype_of_a_call(dtype):
    """Native, whatever the order of bytes."""
    y, p = np.arange(3000) % 7, (np.arange(3000) % 5).astype(dtype)
    whole = pyloss.MSE().grad(y, p)
    for grad in (losses.grad(pyloss.MSE(), y, in_chunks(p)), losses.value_and_grad(pyloss.MSE(), y, in_chunks(p))[1]):
        assert grad.dtype == grad._meta.dtype == whole.dtype
        assert_same_bits(grad.compute(), whole)


@pytest.fixture
def forbidden():
    """A scheduler that must not be asked."""

    def compute(*arguments, **options):
        raise AssertionError("computed")

    with dask.config.set(scheduler=compute):
        yield


@pytest.mark.usefixtures("forbidden")
@EVERY_CASE
def test_nothing_is_computed_by_a_call(kind, loss):
    data = Data()
    y, p, w = (in_chunks(array) for array in (*getattr(data, kind), data.weight))
    for weight in (None, w):
        losses.value(loss, y, p, weight)
        losses.grad(loss, y, p, weight)
        losses.value_and_grad(loss, y, p, weight)
    if not loss._unreduced:
        losses.accumulate([loss], y, p, w)
    with pytest.raises(AssertionError, match="computed"):
        dask.compute(losses.value(loss, y, p))


class Counted:
    """Chunks that count how often they are made."""

    def __init__(self):
        self.made = 0

    def array(self, whole):
        def make(chunk):
            self.made += 1
            return chunk

        return in_chunks(whole).map_blocks(make, dtype=whole.dtype, meta=np.empty(0, whole.dtype))


@pytest.mark.parametrize("weighted", [False, True])
def test_one_reading_is_enough(weighted):
    counted, data = Counted(), Data()
    y, p = data.real
    pred, w = counted.array(p), in_chunks(data.weight) if weighted else None
    tasks = losses.value_and_grad(pyloss.MSE(), in_chunks(y), pred, w)
    dask.compute(*tasks, scheduler="synchronous")
    assert counted.made == len(pred.chunks[0])


def test_weights_are_added_up_without_the_data():
    counted, data = Counted(), Data()
    pred = counted.array(data.real[1])
    grad = losses.grad(pyloss.MSE(), in_chunks(data.real[0]), pred, in_chunks(data.weight))
    grad.blocks[0].compute(scheduler="synchronous")
    assert counted.made == 1


def test_several_losses_from_one_reading():
    y, p = Data().real
    asked = [pyloss.MSE(), pyloss.RMSE(), pyloss.MAE(reduction="sum")]
    found = losses.value(asked, *map(in_chunks, (y, p)))
    assert found.shape == (3,)
    assert_same_bits(found.compute(), np.array([loss(y, p) for loss in asked]))
    with pytest.raises(TypeError, match="one loss of pyloss"):
        losses.grad(asked, y, p)


def test_an_accumulator_of_all_goes_on():
    y, p = Data().real
    found = losses.accumulate(pyloss.MSE(), *map(in_chunks, (y[:4096], p[:4096]))).compute()
    found.update(y[4096:], p[4096:])
    assert found.result() == pyloss.MSE()(y, p)


def test_a_task_leaves_its_inputs_as_they_were():
    """It may be done again: with the inputs that it has left."""
    y, p = Data().real
    cuts = (slice(1024), slice(1024, None))
    parts = [chunks.accumulated(pyloss.MSE(), False, p[cut], y[cut], None) for cut in cuts]
    before = pickle.dumps(parts)
    first, again = (chunks.merged([[part] for part in parts]) for _ in range(2))
    assert pickle.dumps(parts) == before
    assert first.result() == again.result() == pyloss.MSE()(y, p)


@pytest.mark.parametrize("chunk", [ROWS, 1024, 77 * 1024, 1])
def test_any_number_of_chunks(chunk):
    rows = 300 if chunk == 1 else ROWS
    y, p = Data(rows=rows).real
    arrays = (in_chunks(array, chunk) for array in (y, p))
    value, grad = dask.compute(*losses.value_and_grad(pyloss.Huber(), *arrays))
    own_value, own_grad = pyloss.Huber().value_and_grad(y, p)
    assert value == pytest.approx(own_value, rel=1e-15)
    assert_same_bits(grad, own_grad)


def test_many_pieces_of_one_chunk():
    data = Data(np.float32, rows=300_000)
    two = pyloss.Sum([(1.0, pyloss.MSE()), (2.0, pyloss.RMSE())])
    for loss, arrays in ((two, data.real), (pyloss.CCE(from_logits=True), data.labels)):
        whole = (*arrays, data.weight)
        mine = dask.compute(*losses.value_and_grad(loss, *(in_chunks(array, 1024 * 250) for array in whole)))
        assert_same_bits(mine, loss.value_and_grad(*whole))


def test_pieces_are_too_small_for_threads():
    """What dask runs side by side runs no threads of its own; and no cut is in the middle of a block."""
    for shape in ((1_000_000,), (300_000, 3), (5_000, 120), (100, 4, 256)):
        pred = np.broadcast_to(np.float32(0), shape)
        pieces = list(chunks.Chunk([pred, pred, None], several=False)._pieces([pyloss.MSE()]))
        assert [piece.start for piece in pieces] == [0, *(piece.stop for piece in pieces[:-1])]
        assert pieces[-1].stop >= shape[0]
        assert all(pred[piece].size < 131_072 for piece in pieces)
        assert all(pred[: piece.start].size % 1024 == 0 for piece in pieces)


def test_empty_chunks_and_empty_arrays():
    y, p = Data().real
    cut = ((1024, 0, 2048, 0, ROWS - 3072),)
    arrays = [da.from_array(array, chunks=cut) for array in (y, p)]
    assert_same_bits(dask.compute(*losses.value_and_grad(pyloss.MSE(), *arrays)), pyloss.MSE().value_and_grad(y, p))
    nothing = da.zeros((0, 3), chunks=(1, 3))
    value, grad = dask.compute(*losses.value_and_grad(pyloss.MSE(), nothing, nothing))
    assert isnan(value)
    assert grad.shape == (0, 3)
    with pytest.raises(ValueError, match="nothing to average"):
        losses.value(pyloss.MSE(on_empty="raise"), nothing, nothing).compute()
    with pytest.raises(ValueError, match="nothing to average"):
        losses.grad(pyloss.MSE(on_empty="raise"), nothing, nothing)


def test_numbers_without_dimensions():
    mine = dask.compute(*losses.value_and_grad(pyloss.MSE(), da.asarray(1.0), da.asarray(3.0)))
    assert_same_bits(mine, (np.float64(4), np.array(4.0)))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", [pyloss.MSE(), pyloss.RMSE(), pyloss.MSE(reduction="batchmean")], ids=str)
def test_masked_chunks(loss, weighted):
    data = Data()
    y, p = data.real
    masked = np.ma.masked_array(p, mask=p > 1)
    w = data.weight if weighted else None
    own = loss.value_and_grad(y, masked, w)
    mine = dask.compute(*losses.value_and_grad(loss, in_chunks(y), in_chunks(masked), in_chunks(w)))
    assert_same_bits(mine, own)
    assert_same_bits(losses.grad(loss, in_chunks(y), in_chunks(masked), in_chunks(w)).compute(), own[1])


def test_a_mask_that_the_meta_hides():
    y, p = Data().real
    hidden = in_chunks(p).map_blocks(lambda chunk: np.ma.masked_greater(chunk, 1), dtype=p.dtype, meta=np.empty(0))
    for graph in (losses.grad(pyloss.MSE(), in_chunks(y), hidden), losses.value_and_grad(pyloss.MSE(), y, hidden)[1]):
        with pytest.raises(ValueError, match="a chunk is masked, and the meta"):
            graph.compute()
    whole = np.ma.masked_greater(p, 1)
    assert losses.value(pyloss.MSE(), in_chunks(y), hidden).compute() == pyloss.MSE()(y, whole)


@pytest.mark.parametrize("scale", [2.0**-1000, 1e-30, 1e13, 1e300])
@pytest.mark.parametrize("loss", [pyloss.MSE(), pyloss.RMSE()], ids=str)
def test_weights_in_any_unit(loss, scale):
    data = Data()
    weight = data.weight * scale
    mine = losses.grad(loss, *map(in_chunks, (*data.real, weight))).compute()
    assert_same_bits(mine, loss.grad(*data.real, weight))


def test_weights_beyond_all_range():
    y, p = Data().real
    weight = np.full(ROWS, 1e308)
    with pytest.raises(ValueError, match="sample_weight is beyond the range"):
        losses.grad(pyloss.MSE(), *map(in_chunks, (y, p, weight))).compute()


def test_a_weight_of_each_row_of_a_matrix():
    data = Data()
    whole = (*data.matrix, data.weight)
    mine = dask.compute(*losses.value_and_grad(pyloss.MSE(), *map(in_chunks, whole)))
    assert_same_bits(mine, pyloss.MSE().value_and_grad(*whole))
    assert_same_bits(losses.grad(pyloss.MSE(), *map(in_chunks, whole)).compute(), mine[1])


def test_chunks_on_both_axes():
    data = Data()
    y, p = (da.from_array(array, chunks=(1024, 2)) for array in data.matrix)
    for w, weight in ((None, None), (data.weight, da.from_array(data.weight, chunks=1024))):
        value, grad = dask.compute(*losses.value_and_grad(pyloss.MSE(), y, p, weight))
        assert value == pytest.approx(pyloss.MSE()(*data.matrix, w), rel=1e-14)
        np.testing.assert_allclose(grad, pyloss.MSE().grad(*data.matrix, w), rtol=1e-14)
        np.testing.assert_allclose(losses.grad(pyloss.MSE(), y, p, weight).compute(), grad, rtol=1e-14)


def test_classes_on_the_first_axis():
    labels, logits = Data().labels
    loss = pyloss.CCE(from_logits=True, axis=0)
    arrays = in_chunks(labels), da.from_array(logits.T.copy(), chunks=(5, CHUNK))
    mine = dask.compute(*losses.value_and_grad(loss, *arrays))
    assert_same_bits(mine, loss.value_and_grad(labels, logits.T.copy()))


def test_arrays_are_cut_as_the_prediction_is():
    data = Data()
    y, p = data.real
    own = pyloss.MSE().value_and_grad(y, p, data.weight)
    for given in ((da.from_array(y, chunks=777), in_chunks(p), data.weight), (y.tolist(), in_chunks(p), data.weight)):
        assert_same_bits(dask.compute(*losses.value_and_grad(pyloss.MSE(), *given)), own)
    assert losses.value(pyloss.MSE(), y, p).compute() == pyloss.MSE()(y, p)


@pytest.mark.parametrize("loss", [pyloss.MSE(), pyloss.RMSE(), pyloss.MSE(reduction="sum")], ids=str)
def test_columns_of_a_dataframe(loss):
    data = Data()
    frame = pd.DataFrame({"y": data.real[0], "p": data.real[1], "w": data.weight})
    table = dd.from_pandas(frame, npartitions=3)
    arrays = (table["y"], table["p"], table["w"])
    value, grad = dask.compute(*losses.value_and_grad(loss, *arrays))
    assert value == pytest.approx(loss(frame["y"], frame["p"], frame["w"]), rel=1e-14)
    np.testing.assert_allclose(grad, loss.grad(frame["y"], frame["p"], frame["w"]), rtol=1e-14)
    assert_same_bits(losses.value(loss, *arrays).compute(), value)
    np.testing.assert_allclose(losses.grad(loss, *arrays[:2]).compute(), loss.grad(*data.real), rtol=1e-14)


def test_several_columns_are_classes():
    labels, logits = Data().labels
    table = dd.from_pandas(pd.DataFrame(logits, columns=list("abcde")).assign(label=labels), npartitions=3)
    found = losses.value(pyloss.CCE(from_logits=True), table["label"], table[list("abcde")]).compute()
    assert found == pytest.approx(pyloss.CCE(from_logits=True)(labels, logits), rel=1e-14)


@pytest.mark.usefixtures("forbidden")
def test_a_dataframe_is_not_computed():
    table = dd.from_pandas(pd.DataFrame({"y": [1.0, 2.0], "p": [2.0, 3.0]}), npartitions=2)
    assert losses.value_and_grad(pyloss.MSE(), table["y"], table["p"])[0].shape == ()


def test_totals_of_cases_have_a_value():
    rng = np.random.default_rng(3)
    y, p = rng.integers(0, 2, (2048, 6)), rng.random((2048, 6))
    for loss in (pyloss.Dice(axis=-1), pyloss.Dice(axis=0), pyloss.Lovasz(axis=-1)):
        assert losses.value(loss, in_chunks(y, 1024), in_chunks(p, 1024)).compute() == loss(y, p)
        with pytest.raises(
            TypeError, match=rf"of separate cases, as axis={loss.axis} makes them, there is a value and no gradient"
        ):
            losses.grad(loss, y, in_chunks(p, 1024))


@pytest.mark.parametrize(
    ("error", "match", "loss", "y", "p", "w"),
    [
        (TypeError, "must be a loss", pyloss.MSE, (4,), (4,), None),
        (TypeError, "must be a loss", "mse", (4,), (4,), None),
        (TypeError, "no stream can be added up", pyloss.NTXent(), (4,), (4, 2), None),
        (TypeError, "real numbers", pyloss.MSE(), (4,), np.array(["a", "b", "c", "d"]), None),
        (TypeError, "integer class labels", pyloss.SparseCCE(), (4,), (4, 2), None),
        (TypeError, "must be a tuple of 2", pyloss.GaussianNLL(), (4,), (4,), None),
        (TypeError, "no truth", pyloss.Triplet(), (4,), [(4, 2)] * 3, None),
        (TypeError, "got None", pyloss.MSE(), None, (4,), None),
        (ValueError, "must have the same shape", pyloss.MSE(), (4,), (4, 2), None),
        (ValueError, "the lengths", pyloss.MSE(), (5,), (4,), None),
        (ValueError, "the lengths", pyloss.MSE(), (4,), (4,), (5,)),
        (ValueError, "sample_weight must have the shape", pyloss.MSE(), (4,), (4,), (4, 2)),
        (ValueError, "class_weight must hold one number", pyloss.CCE(class_weight=(1, 2)), (4, 3), (4, 3), None),
        (ValueError, "axis must be an axis", pyloss.CCE(axis=2), (4, 3), (4, 3), None),
        (ValueError, "one axis for their classes", [pyloss.CCE(axis=0), pyloss.CCE()], (4, 3), (4, 3), None),
        (ValueError, "must leave out the first axis", pyloss.Lovasz(), (4,), (4,), None),
        (ValueError, "no value of each element", pyloss.RMSE(reduction="none"), (4,), (4,), None),
    ],
)
def test_what_is_refused_at_once(error, match, loss, y, p, w):
    def array(given):
        if isinstance(given, list):
            return tuple(map(array, given))
        return da.from_array(np.ones(given) if isinstance(given, tuple) else given) if given is not None else None

    with pytest.raises(error, match=match):
        losses.value(loss, array(y), array(p), array(w))


def test_chunks_that_are_refused():
    p = da.ones((8, 6), chunks=(4, 3))
    with pytest.raises(ValueError, match=r"a row must lie in one chunk.*rechunk\(\{1: -1\}\)"):
        losses.value(pyloss.CCE(), p, p)
    for loss in (pyloss.MSE(reduction="batchmean"), pyloss.Dice(axis=-1)):
        with pytest.raises(ValueError, match=r"cut along the first axis only.*rechunk\(\{1: -1\}\)"):
            losses.value(loss, p, p)
    unknown = p[:, 0][da.ones(8, chunks=4) > 0]
    with pytest.raises(ValueError, match="unknown lengths"):
        losses.value(pyloss.MSE(), da.ones(8, chunks=8), unknown)
    with pytest.raises(TypeError, match="a dask array or columns of"):
        losses.value(pyloss.MSE(), dask.delayed([1.0]), unknown)


def test_errors_of_the_data_name_their_place_in_a_chunk():
    y, p = np.ones(400_000), np.ones(400_000)
    y[300_000] = -1
    arrays = in_chunks(y, 400_000), in_chunks(p, 400_000)
    for graph in (losses.value(pyloss.GammaNLL(), *arrays), losses.grad(pyloss.GammaNLL(), *arrays)):
        with pytest.raises(ValueError, match=r"gamma_nll: y_true must be .* at index 300000"):
            graph.compute(scheduler="synchronous")


def test_settings_stay_as_they_are():
    before = dict(dask.config.config)
    dask.compute(losses.value_and_grad(pyloss.MSE(), *map(in_chunks, Data().real)))
    assert dask.config.config == before


def test_without_dask_pyloss_says_what_to_install():
    program = "import sys; sys.modules['dask'] = None; import pyloss.adapters.dask"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False).stderr
    assert "pip install '.[dask]'" in said


SLOW, PATIENCE = 5, 20


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def slow_once(folder):
    """What makes a chunk. One of them tells its process, and then takes long, the first time that it is asked for."""

    def make(k, rows):
        mark = Path(folder, "process")
        if k == SLOW and not mark.exists():
            half = Path(folder, "half")
            half.write_text(str(os.getpid()))
            half.rename(mark)
            time.sleep(PATIENCE)
        return rows

    return dask.delayed(make)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_worker_is_killed_in_the_middle(client, tmp_path, weighted):
    y, p, w = np.random.default_rng(1).normal(size=(3, 12, CHUNK))
    loss = pyloss.Sum([(1.0, pyloss.Huber()), (0.5, pyloss.RMSE())]) if weighted else pyloss.Huber()
    whole = (y.ravel(), p.ravel(), np.abs(w.ravel()) if weighted else None)
    make = slow_once(str(tmp_path))
    slow = da.concatenate([da.from_delayed(make(k, rows), (CHUNK,), np.float64) for k, rows in enumerate(p)])
    running = client.compute(list(losses.value_and_grad(loss, in_chunks(whole[0]), slow, in_chunks(whole[2]))))

    mark, end = tmp_path / "process", time.monotonic() + PATIENCE
    while not mark.exists():
        assert time.monotonic() < end, "the slow chunk was not begun"
        time.sleep(0.05)
    killed = int(mark.read_text())
    assert not any(future.done() for future in running)
    os.kill(killed, signal.SIGKILL)

    assert_same_bits(tuple(client.gather(running)), loss.value_and_grad(*whole))
    assert killed not in client.run(os.getpid).values()
