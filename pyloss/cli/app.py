"""The commands, and what they say on the terminal."""

from pathlib import Path
from typing import Annotated

import typer

import pyloss

from ._extras import needs

app = typer.Typer(
    help="Loss functions for NumPy arrays, compiled.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(pyloss.__version__)
        raise typer.Exit


def _refuse(command: str, error: Exception) -> typer.Exit:
    typer.echo(f"pyloss {command}: {' '.join(str(error).split())}", err=True)
    return typer.Exit(2)


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def info() -> None:
    """Print the version, the ISA level in use and those available, and the threads."""
    pyloss.show_runtime()


@app.command()
def plot(
    stems: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STEM",
            help="Elementwise losses, each with parameters if wanted, as huber:delta=2. All of them by default.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The picture; its ending chooses the format.")] = Path("losses.png"),
) -> None:
    """Draw value, gradient and Hessian of losses against the residual, the probability or the logit."""
    from . import shapes

    if out.is_dir():
        raise _refuse("plot", IsADirectoryError(f"--out must be a file, got the folder {out}"))
    with needs("demo"):
        from . import curves
    try:
        losses = [shapes.parse(stem) for stem in stems] if stems else shapes.all_losses()
        curves.save(curves.draw_shapes([shapes.sample(loss) for loss in losses]), out)
    except (ValueError, OSError) as error:
        raise _refuse("plot", error) from None
    typer.echo(f"{out}")


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="The folder for the pictures; made if it is not there.")] = Path(
        "pyloss-demo"
    ),
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs of every run, instead of each experiment's own.")
    ] = None,
) -> None:
    """Train linear models on real data with compiled losses, and draw what came of it."""
    with needs("demo"):
        from . import demo as demonstration
    try:
        demonstration.run(out, epochs)
    except OSError as error:
        raise _refuse("demo", error) from None


@app.command()
def score(
    y_true: Annotated[str, typer.Argument(help="The truth: FILE.npy, FILE.csv:COLUMN or FILE.parquet:COLUMN.")],
    y_pred: Annotated[str, typer.Argument(help="The predictions, likewise.")],
    loss: Annotated[
        list[str] | None,
        typer.Option(
            help="A loss, with parameters if wanted, as huber:delta=2. May be given again.", show_default=False
        ),
    ] = None,
    weights: Annotated[str | None, typer.Option(help="The weights of the rows, likewise a file.")] = None,
    by: Annotated[
        str | None, typer.Option(help="The groups of the rows: integers or strings, likewise a file.")
    ] = None,
    max_groups: Annotated[int, typer.Option(min=1, max=65_536, help="More groups than these are an error.")] = 1000,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Print losses of files, which may be larger than memory: they are read once, for all losses."""
    with needs("cli"):
        from . import _score_report as report
        from . import score as scoring
    try:
        scores = scoring.score(y_true, y_pred, loss or [], weights, by, max_groups)
    except scoring.FAULTS as error:
        raise _refuse("score", error) from None
    if json:
        typer.echo(report.to_json(scores))
    else:
        report.print_table(scores)
