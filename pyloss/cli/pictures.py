"""The pictures of the demo."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from .experiments import Experiment, movement
from .style import BLUES, DIVERGING, FAINT, INK, OUTLIER, PAPER, POINTS, STYLE, colours, label_bars, panels, titled
from .training import predict

STYLES: dict[str, Any] = {"training": "-", "held out": ":"}


def loss_colours(experiments: Sequence[Experiment]) -> dict[str, str]:
    return colours(loss.name for experiment in experiments for loss in experiment.losses)


@mpl.rc_context(STYLE)
def draw_lines(clean: Experiment, spoiled: Experiment, colour: dict[str, str]) -> Figure:
    """The fitted lines without and with outliers, and how far the outliers moved each."""
    figure, [[left, middle, right]] = panels(
        1, 3, (13, 4.4), "Linear regression on make_regression: what outliers do", width_ratios=(4, 4, 3)
    )
    middle.sharey(left)
    pulled = (clean.data.y_train != spoiled.data.y_train).ravel()
    _draw_fits(left, clean, np.zeros_like(pulled), colour)
    _draw_fits(middle, spoiled, pulled, colour)
    left.set_title("clean")
    middle.set_title(f"{pulled.mean():.0%} of the targets pulled down")
    moved = movement(clean, spoiled)
    right.barh(list(moved), list(moved.values()), color=[colour[name] for name in moved], height=0.6)
    right.set(xlabel="distance between both fits of (w, b)", title="how far they moved the fit")
    right.grid(visible=False, axis="y")
    right.invert_yaxis()
    label_bars(right, "%.2f")
    return figure


def _draw_fits(axes: Axes, experiment: Experiment, pulled: NDArray[np.bool_], colour: dict[str, str]) -> None:
    x, y = experiment.data.x_train, experiment.data.y_train
    for chosen, shade, note in ((~pulled, POINTS, None), (pulled, OUTLIER, "pulled down")):
        if chosen.any():
            axes.plot(x[chosen], y[chosen], "o", color=shade, alpha=0.55, markersize=4, markeredgewidth=0, label=note)
    ends = np.array([[x.min()], [x.max()]])
    for fit, dashes in zip(experiment.fits, ((), (6, 3), (2, 2)), strict=True):
        name = fit.loss.name
        axes.plot(ends, predict(fit.course.weights, ends), color=colour[name], dashes=dashes, label=name)
    axes.set(xlabel="feature x (no unit)", ylabel="target y (no unit)")
    axes.legend(loc="upper left")


@mpl.rc_context(STYLE)
def draw_curves(experiments: Sequence[Experiment], colour: dict[str, str]) -> Figure:
    """The losses of every epoch, and how much faster than the oracle they were computed."""
    columns = 3
    rows = -(-(len(experiments) + 1) // columns)
    figure, grid = panels(rows, columns, (13, 3.6 * rows), "Training with compiled losses")
    *curves, last = [axes for row in grid for axes in row][: len(experiments) + 1]
    for axes, experiment in zip(curves, experiments, strict=True):
        _draw_course(axes, experiment, colour)
    _draw_speedups(last, experiments, colour)
    lines = [Line2D([], [], color=shade, label=name) for name, shade in colour.items()]
    lines += [Line2D([], [], color=INK, linestyle=style, label=name) for name, style in STYLES.items()]
    figure.legend(handles=lines, loc="upper right", ncols=len(lines))
    return figure


def _draw_course(axes: Axes, experiment: Experiment, colour: dict[str, str]) -> None:
    for i, fit in enumerate(experiment.fits):
        width = min(1.5 + 0.7 * (len(experiment.fits) - 1 - i), 3.6)  # a curve beneath another shows at its edges
        for losses, style in zip((fit.course.train_losses, fit.course.test_losses), STYLES.values(), strict=True):
            epochs = np.arange(1, len(losses) + 1)
            axes.plot(epochs, losses, color=colour[fit.loss.name], linestyle=style, linewidth=width)
    axes.set(title=experiment.name, xlabel="epoch", ylabel="mean loss (each in its own unit)", yscale="log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 10 * low else (1, 1.5, 2, 3, 4, 5, 7)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _draw_speedups(axes: Axes, experiments: Sequence[Experiment], colour: dict[str, str]) -> None:
    fits = [(f"{experiment.name}: {fit.loss.name}", fit) for experiment in experiments for fit in experiment.fits]
    names = [name for name, _ in fits]
    axes.barh(names, [fit.speedup for _, fit in fits], color=[colour[fit.loss.name] for _, fit in fits])
    axes.set(title="speed of the loss", xlabel="times the speed of the NumPy oracle")
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(visible=False, axis="y")
    axes.invert_yaxis()
    label_bars(axes, "%.0f")


@mpl.rc_context(STYLE)
def draw_regression(experiment: Experiment, colour: dict[str, str]) -> Figure:
    """Held-out predictions against the truth, in the unit of the data, one panel for each loss."""
    data, count = experiment.data, len(experiment.fits)
    columns = min(count, 6)
    rows = -(-count // columns)
    title = f"{experiment.name.capitalize()}: held-out predictions of linear models"
    figure, grid = panels(rows, columns, (2.9 * columns + 0.6, 3.2 * rows + 0.7), title, sharex=True, sharey=True)
    truth = data.y_mean + data.y_scale * data.y_test
    ends = [truth.min(), truth.max()]
    every = [axes for row in grid for axes in row]
    for axes in every[count:]:
        axes.set_visible(False)
    for axes in every[count - columns : count]:
        axes.tick_params(labelbottom=True)
    for axes, fit in zip(every, experiment.fits, strict=False):
        predictions = data.y_mean + data.y_scale * experiment.predictions(fit)
        axes.plot(ends, ends, color=FAINT, linestyle="--", linewidth=1.2)
        axes.plot(truth, predictions, "o", color=colour[fit.loss.name], alpha=0.6, markersize=5, markeredgewidth=0)
        axes.set_title(f"{fit.loss.name}\n{experiment.score_text(fit)}")
        axes.set_aspect("equal")
    figure.supxlabel("true progression of the disease after one year (score)", fontsize=10)
    figure.supylabel("predicted progression (score)", fontsize=10)
    return figure


@mpl.rc_context(STYLE)
def draw_two_classes(experiment: Experiment, classes: tuple[str, str], top: int = 10) -> Figure:
    """Held-out logits by class, and the features that weigh most."""
    fit = experiment.fits[0]
    title = f"{experiment.name.capitalize()}: {experiment.score_text(fit)} of the held-out samples right"
    figure, [[left, right]] = panels(1, 2, (12, 4.4), title)
    shades = colours(classes)
    logits, labels = experiment.predictions(fit).ravel(), experiment.data.y_test.ravel()
    parts = [logits[labels == 0], logits[labels == 1]]
    left.hist(parts, bins=32, stacked=True, color=list(shades.values()), label=list(classes), rwidth=0.92)
    left.axvline(0, color=INK, linestyle="--", linewidth=1.2, label="decision")
    left.set(title="held-out logits", xlabel="logit z (log odds)", ylabel="samples")
    left.legend()
    weights = fit.course.weights[:-1, 0]
    order = np.argsort(-np.abs(weights))[:top]
    names = [experiment.data.features[i] for i in order]
    right.barh(names, weights[order], color=[shades[classes[int(weights[i] > 0)]] for i in order], height=0.7)
    right.axvline(0, color=FAINT, linewidth=1)
    right.set(title=f"the {top} largest weights", xlabel="weight (log odds per standard deviation)")
    right.grid(visible=False, axis="y")
    right.invert_yaxis()
    return figure


@mpl.rc_context(STYLE)
def draw_digits(experiment: Experiment) -> Figure:
    """The held-out confusion matrix, and what each class looks for."""
    fit = experiment.fits[0]
    title = f"{experiment.name.capitalize()}: {experiment.score_text(fit)} of the held-out images right"
    figure = titled((12, 5), title)
    halves: Any = figure.subfigures(1, 2, width_ratios=(1, 1.3), wspace=0.05)
    left, right = halves
    for part, text in ((left, "held-out images"), (right, "what each class looks for")):
        part.suptitle(text, x=0.02, ha="left", fontsize=11)
    _draw_confusion(left.subplots(), experiment.data.y_test, experiment.predictions(fit).argmax(axis=1))
    templates = fit.course.weights[:-1].T.reshape(-1, 8, 8)
    limit = float(np.abs(templates).max())
    grid = right.subplots(2, 5).ravel()
    for digit, axes in enumerate(grid):
        picture = axes.imshow(templates[digit], cmap=DIVERGING, vmin=-limit, vmax=limit)
        axes.set_title(str(digit), loc="center")
        axes.set_axis_off()
    bar = right.colorbar(picture, ax=list(grid), location="bottom", shrink=0.7, aspect=40)
    bar.set_label("weight of a pixel (logits per standard deviation)")
    bar.outline.set_visible(False)
    return figure


def _draw_confusion(axes: Axes, truth: NDArray[Any], predicted: NDArray[Any]) -> None:
    counts = np.zeros((10, 10), dtype=int)
    np.add.at(counts, (truth, predicted), 1)
    axes.imshow(counts, cmap=BLUES)
    for (row, column), count in np.ndenumerate(counts):
        shade = PAPER if count > counts.max() / 2 else INK
        axes.text(column, row, str(count) if count else "", ha="center", va="center", color=shade, fontsize=9)
    axes.set(xlabel="predicted digit", ylabel="true digit", xticks=range(10), yticks=range(10))
    axes.grid(visible=False)
