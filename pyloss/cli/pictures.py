"""The pictures of the demo."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from .experiments import Experiment, movement
from .style import (
    BLUES,
    DIVERGING,
    FAINT,
    INK,
    OUTLIER,
    PAPER,
    POINTS,
    STYLE,
    colours,
    label_bars,
    panels,
    tiles,
    titled,
)
from .training import Fit, predict

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
    """The loss of every epoch, one panel for each run."""
    fits = _fits(experiments)
    figure, every = tiles(len(fits), (2.7, 2.1), "The loss of every epoch, in its own unit")
    for axes, (experiment, fit) in zip(every, fits, strict=True):
        for losses, style in zip((fit.course.train_losses, fit.course.test_losses), STYLES.values(), strict=True):
            axes.plot(np.arange(1, len(losses) + 1), losses, color=colour[fit.loss.name], linestyle=style)
        axes.set(title=f"{experiment.name}\n{fit.loss.name}", yscale="log")
        axes.title.set_fontsize(9)
        _label_few(axes)
    figure.supxlabel("epoch", fontsize=10)
    figure.supylabel("mean loss", fontsize=10)
    lines = [Line2D([], [], color=INK, linestyle=style, label=name) for name, style in STYLES.items()]
    figure.legend(handles=lines, loc="upper right", ncols=len(lines))
    return figure


def _fits(experiments: Sequence[Experiment]) -> list[tuple[Experiment, Fit]]:
    return [(experiment, fit) for experiment in experiments for fit in experiment.fits]


def _label_few(axes: Axes) -> None:
    """Decimal numbers on a logarithmic axis, at steps that suit what it spans."""
    low, high = axes.get_ylim()
    steps = (1,) if high > 100 * low else (1, 2, 5)
    axes.yaxis.set_major_locator(LogLocator(subs=steps) if high > 4 * low else MaxNLocator(4))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


@mpl.rc_context(STYLE)
def draw_speed(experiments: Sequence[Experiment]) -> Figure:
    """How much faster than the oracle the losses were computed."""
    fits, shade = _fits(experiments), colours(experiment.name for experiment in experiments)
    figure, [[axes]] = panels(1, 1, (9, 0.26 * len(fits) + 1.3), "Speed of the loss in training")
    for experiment in experiments:
        bars = [(i, fit.speedup) for i, (other, fit) in enumerate(fits) if other is experiment]
        axes.barh(*zip(*bars, strict=True), color=shade[experiment.name], label=experiment.name)
    axes.set(xlabel="times the speed of the NumPy oracle", yticks=range(len(fits)))
    axes.set_yticklabels([fit.loss.name for _, fit in fits])
    axes.grid(visible=False, axis="y")
    axes.set_ylim(len(fits) - 0.4, -0.6)
    label_bars(axes, "%.0f")
    figure.legend(loc="outside right upper")
    return figure


@mpl.rc_context(STYLE)
def draw_regression(experiment: Experiment, colour: dict[str, str]) -> Figure:
    """Held-out predictions against the truth, in the unit of the data, one panel for each loss."""
    data = experiment.data
    title = f"{experiment.name.capitalize()}: held-out predictions of linear models"
    figure, every = tiles(len(experiment.fits), (2.9, 3.2), title, sharex=True, sharey=True)
    truth = data.y_mean + data.y_scale * data.y_test
    ends = [truth.min(), truth.max()]
    for axes, fit in zip(every, experiment.fits, strict=True):
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
