"""`pyloss demo`: the experiments run, told on the terminal and drawn."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from . import experiments, pictures
from .experiments import Experiment
from .style import save
from .training import Fit, OnEpoch

REFRESH_EVERY = 25


def run(folder: Path, n_epochs: int | None = None) -> None:
    console = Console()
    folder.mkdir(parents=True, exist_ok=True)
    done = run_experiments(console, n_epochs)
    console.print(results_table(done))
    console.print(
        "Times are spent in the loss: its calls in a run times the median call. NumPy is the same training loop with "
        "the textbook formulas of pyloss.reference, which work out the Hessian too.\n",
        style="dim",
    )
    for name, figure in draw(done).items():
        save(figure, folder / name)
        console.print(f"{folder / name}", style="green", soft_wrap=True)


def run_experiments(console: Console, n_epochs: int | None = None) -> list[Experiment]:
    """All of them, with a progress bar for each run; its epochs are counted for pyloss and for the oracle."""
    planned = [
        experiments.line(outliers=False),
        experiments.line(outliers=True),
        experiments.diabetes(),
        experiments.breast_cancer(),
        experiments.digits(),
    ]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("epochs"))
    # Drawn between epochs, not by a thread of its own that would disturb the times.
    with Progress(*columns, TimeElapsedColumn(), console=console, auto_refresh=False) as progress:

        def watch(experiment: str, loss: str, total: int) -> OnEpoch:
            task = progress.add_task(f"{experiment}: [bold]{loss}[/]", total=total)

            def on_epoch() -> None:
                progress.advance(task)
                completed = progress.tasks[task].completed
                if completed % REFRESH_EVERY == 0 or completed == total:
                    progress.refresh()

            return on_epoch

        return [experiment.run(watch, n_epochs) for experiment in planned]


def results_table(done: Sequence[Experiment]) -> Table:
    title = "Linear models trained with compiled losses"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("data and loss", no_wrap=True)
    for heading in ("training\nloss", "held-out\nloss", "held-out\nscore", "pyloss\n[ms]", "NumPy\n[ms]", "\nfaster"):
        table.add_column(heading.replace("[", r"\["), justify="right", no_wrap=True)
    for experiment in done:
        table.add_row(f"[bold]{experiment.name}[/]")
        for fit in experiment.fits:
            table.add_row(*_cells(experiment, fit), end_section=fit is experiment.fits[-1])
    return table


def _cells(experiment: Experiment, fit: Fit) -> tuple[str, ...]:
    return (
        fit.loss.name,
        f"{fit.course.train_losses[-1]:.4g}",
        f"{fit.course.test_losses[-1]:.4g}",
        experiment.score_text(fit),
        f"{1e3 * fit.course.loss_seconds:.1f}",
        f"{1e3 * fit.oracle.loss_seconds:.1f}",
        f"[bold]{fit.speedup:.0f}x[/]",
    )


def draw(done: Sequence[Experiment]) -> dict[str, Figure]:
    """The pictures by their file names."""
    colour = pictures.loss_colours(done)
    clean, spoiled, diabetes, cancer, digits = done
    return {
        "regression.png": pictures.draw_lines(clean, spoiled, colour),
        "curves.png": pictures.draw_curves(done, colour),
        "speed.png": pictures.draw_speed(done),
        "diabetes.png": pictures.draw_regression(diabetes, colour),
        "breast_cancer.png": pictures.draw_two_classes(cancer, ("malignant", "benign")),
        "digits.png": pictures.draw_digits(digits),
    }
