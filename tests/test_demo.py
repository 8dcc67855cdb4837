"""The demo: its experiments come out as promised, and its pictures are drawn."""

from collections.abc import Iterator
from io import StringIO
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread
from matplotlib.text import Text
from rich.console import Console
from typer.testing import CliRunner

from pyloss.cli import demo, experiments
from pyloss.cli.app import app
from pyloss.cli.experiments import Experiment

pytestmark = pytest.mark.optimized  # pictures and tables: Python alone


@pytest.fixture(scope="module")
def done() -> dict[str, Experiment]:
    run = demo.run_experiments(Console(file=StringIO()))
    return {experiment.name: experiment for experiment in run}


def test_outliers_move_the_squared_error_more(done: dict[str, Experiment]) -> None:
    moved = experiments.movement(done["line, clean"], done["line, outliers"])
    assert moved["mse"] > 10 * moved["huber"]
    assert moved["mse"] > 10 * moved["mae"]


def test_squared_error_finds_the_least_squares_line(done: dict[str, Experiment]) -> None:
    for name in ("line, clean", "line, outliers"):
        data = done[name].data
        x = np.column_stack([data.x_train, np.ones(len(data.x_train))])
        expected = np.linalg.lstsq(x, data.y_train)[0]
        np.testing.assert_allclose(done[name].fits[0].course.weights, expected, rtol=1e-6)


def test_outliers_are_in_the_training_targets_alone() -> None:
    clean, spoiled = experiments.line_data(False), experiments.line_data(True)
    assert np.mean(clean.y_train != spoiled.y_train) == 0.1
    np.testing.assert_array_equal(clean.x_train, spoiled.x_train)
    np.testing.assert_array_equal(clean.y_test, spoiled.y_test)


@pytest.mark.parametrize(("name", "least"), [("digits", 0.95), ("breast cancer", 0.95), ("diabetes", 0.4)])
def test_held_out_scores(done: dict[str, Experiment], name: str, least: float) -> None:
    experiment = done[name]
    assert all(experiment.score(fit) >= least for fit in experiment.fits)


def test_diabetes_has_every_regression_loss(done: dict[str, Experiment]) -> None:
    assert {"mse", "mae", "huber", "pinball"} <= {fit.loss.name for fit in done["diabetes"].fits}


def test_training_goes_the_oracles_way(done: dict[str, Experiment]) -> None:
    for experiment in done.values():
        for fit in experiment.fits:
            # Only nearly so for losses with a kink: a residual of one rounding error has a sign. That of wing is so steep, a jump from
            # -10 to 10, that steps over it go astray soon after.
            steps = slice(20 if fit.loss.name == "wing" else None)
            np.testing.assert_allclose(fit.course.train_losses[steps], fit.oracle.train_losses[steps], rtol=1e-3)
            assert fit.course.train_losses[-1] < fit.course.train_losses[0]
            assert len(fit.course.test_losses) == len(fit.course.train_losses) == experiment.descent.n_epochs


def test_demo_command(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "demo"
    result = CliRunner().invoke(app, ["demo", "--out", str(folder), "--epochs", "3"])
    assert result.exit_code == 0, result.output
    pictures = sorted(folder.iterdir())
    assert [path.name for path in pictures] == [
        "breast_cancer.png",
        "curves.png",
        "diabetes.png",
        "digits.png",
        "regression.png",
        "speed.png",
    ]
    for path in pictures:
        pixels = imread(path)
        assert min(pixels.shape[:2]) > 300
        assert pixels.std() > 0.05
        assert path.name in result.output
    assert all(word in result.output for word in ("diabetes", "digits", "held-out", "NumPy"))


def test_no_text_of_a_picture_is_cut_or_covers_another(done: dict[str, Experiment]) -> None:
    for name, figure in demo.draw(list(done.values())).items():
        FigureCanvasAgg(figure).draw()
        texts = [text for axes in figure.axes if axes.get_visible() for text in (axes.title, axes._left_title)]
        texts += [text for axes in figure.axes if axes.get_visible() for text in shown_labels(axes)]
        texts += [text for legend in figure.legends for text in legend.get_texts()]
        texts += figure.texts
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
        for text, box in boxes:
            assert all(figure.bbox.contains(*corner) for corner in box.corners()), (name, text)
        for (a, one), (b, other) in combinations(boxes, 2):
            assert not one.overlaps(other), (name, a, b)


def shown_labels(axes: Axes) -> Iterator[Text]:
    """The numbers and names at the ticks that lie on the axes."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            if tick.label1.get_visible() and low <= tick.get_loc() <= high:
                yield tick.label1


def test_demo_refuses_a_file_as_its_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path / "taken"), "--epochs", "1"])
    assert result.exit_code == 2
    assert "taken" in result.stderr
