"""The command line: what it prints, draws and refuses, and what it says where its packages are missing."""

import os
import subprocess
import sys
from math import inf
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from typer.testing import CliRunner, Result

import pyloss
from pyloss.cli import curves, shapes
from pyloss.cli.app import app

pytestmark = pytest.mark.optimized  # pictures and tables: Python alone
SCORE = "score y.npy y.npy --loss mse"
NOT_DRAWABLE = sorted(set(pyloss.LOSSES) - set(shapes.drawable()))


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""As at home: what the end of Python writes is part of the answer."""


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def assert_picture(path: Path) -> None:
    pixels = imread(path)
    height, width = pixels.shape[:2]
    assert min(height, width) > 300
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 20


def test_version() -> None:
    result = invoke("--version")
    assert (result.exit_code, result.output) == (0, f"{pyloss.__version__}\n")


def test_info_is_show_runtime(capsys: pytest.CaptureFixture[str]) -> None:
    pyloss.show_runtime()
    assert invoke("info").output == capsys.readouterr().out


def test_module_is_the_command() -> None:
    code = "import runpy, sys; sys.argv = ['pyloss', '--version']; runpy.run_module('pyloss', run_name='__main__')"
    done = run_python(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{pyloss.__version__}\n", "")


def test_no_arguments_prints_help() -> None:
    output = invoke().output
    assert all(command in output for command in ("demo", "plot", "info"))


def test_plot_draws_every_elementwise_loss(tmp_path: Path) -> None:
    out = tmp_path / "new folder" / "losses.png"
    result = invoke("plot", "--out", out)
    assert result.exit_code == 0, result.output
    assert str(out) in result.output
    assert_picture(out)


def test_plot_takes_parameters(tmp_path: Path) -> None:
    out = tmp_path / "some.png"
    assert invoke("plot", "huber:delta=2", "bce:from_logits=true,eps=0", "--out", out).exit_code == 0
    assert_picture(out)


@pytest.mark.parametrize("spec", ["hubert", *NOT_DRAWABLE])
def test_plot_refuses_what_has_no_curve(spec: str, tmp_path: Path) -> None:
    out = tmp_path / "none.png"
    result = invoke("plot", spec, "--out", out)
    assert result.exit_code == 2
    assert spec in result.stderr
    assert ", ".join(shapes.drawable()) in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("huber:width=2", "huber has no parameter 'width'; its parameters are delta"),
        ("mse:delta=2", "mse has no parameter 'delta'; it has none"),
        ("huber:delta=wide", "huber: delta must be a number, got 'wide'"),
        ("huber:delta=-1", "huber: delta must be > 0"),
        ("huber:delta=1,delta=2", "'huber:delta=1,delta=2' gives a parameter twice"),
        ("huber:reduction=sum", "huber has no parameter 'reduction'; its parameters are delta"),
        ("huber:delta=true", "huber: delta must be a number"),
    ],
)
def test_plot_refuses_wrong_parameters(spec: str, message: str, tmp_path: Path) -> None:
    result = invoke("plot", spec, "--out", tmp_path / "none.png")
    assert result.exit_code == 2
    assert message in result.stderr


def test_plot_refuses_an_unknown_format(tmp_path: Path) -> None:
    result = invoke("plot", "mse", "--out", tmp_path / "picture.nonsense")
    assert result.exit_code == 2
    assert "nonsense" in result.stderr


def test_labels_name_what_is_not_the_default() -> None:
    specs = ["huber", "huber:delta=2", "log_loss:from_logits=true,eps=0", "PoissonNLL:log_input=false"]
    written = [shapes.label(shapes.parse(spec)) for spec in specs]
    assert written == ["huber", "huber (delta=2)", "bce (from_logits)", "poisson_nll (log_input=False)"]
    assert shapes.label(shapes.parse("binary_focal:alpha=none")) == "binary_focal"
    assert (
        shapes.parse("barron:alpha=-inf")
        == shapes.parse("barron:alpha=-Infinity")
        == pyloss.Barron(alpha=-inf, reduction="none")
    )


def test_losses_of_a_panel_have_colours_of_their_own() -> None:
    figure = curves.draw_shapes([shapes.sample(loss, points=101) for loss in shapes.all_losses()])
    drawn = []
    for panel in figure.axes:
        lines = [
            line for line in panel.get_lines() if len(line.get_xdata()) > 0 and not line.get_label().startswith("_")
        ]
        assert len({line.get_color() for line in lines}) == len(lines)
        drawn += [line.get_label() for line in lines]
    assert sorted(drawn) == sorted(3 * [shapes.label(loss) for loss in shapes.all_losses()])


@pytest.mark.parametrize("loss", shapes.all_losses(), ids=shapes.label)
def test_shapes_are_those_of_the_oracle(loss: pyloss.Loss) -> None:
    shape = shapes.sample(loss, points=101)
    y_pred = np.tile(shape.x, (len(shape.truths), 1))
    y_true = np.broadcast_to(np.array(shape.truths)[:, None], y_pred.shape)
    value, grad, hess = pyloss.reference.evaluate(loss, y_true, y_pred)
    np.testing.assert_allclose(shape.value, value, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(shape.grad, grad, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(shape.hess, hess, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("spec", "axis", "truths"),
    [
        ("mse", "residual", (0.0,)),
        ("bce", "probability", (0.0, 1.0)),
        ("bce:from_logits=true", "logit", (0.0, 1.0)),
        ("hinge", "logit", (-1.0, 1.0)),
        ("mape", "truth is 1", (1.0,)),
    ],
)
def test_axis_follows_from_the_domains(spec: str, axis: str, truths: tuple[float, ...]) -> None:
    found, values = shapes.axis_of(shapes.parse(spec))
    assert axis in found.label
    assert values == truths


@pytest.mark.parametrize(
    ("package", "command", "extra"),
    [
        ("typer", "info", "cli"),
        ("rich", "demo", ""),
        ("matplotlib", "demo", "demo"),
        ("sklearn", "demo", "demo"),
        ("matplotlib", "plot", "demo"),
    ],
)
def test_missing_package_names_the_extra(package: str, command: str, extra: str) -> None:
    done = run_python(
        f"import sys; sys.modules[{package!r}] = None; sys.argv = ['pyloss', {command!r}]\n"
        "import runpy; runpy.run_module('pyloss', run_name='__main__')"
    )
    assert done.returncode == 2
    assert f"needs {package}" in done.stderr
    assert f"in a clone of pyloss: pip install '.[{extra}" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_import_needs_numpy_alone() -> None:
    others = "{'typer', 'rich', 'sklearn', 'scipy', 'matplotlib', 'pyloss.cli'}"
    assert run_python(f"import sys, pyloss; print({others} & set(sys.modules))").stdout == "set()\n"


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    result = invoke("plot", "mse", "--out", tmp_path)
    assert result.exit_code == 2
    assert "--out must be a file" in result.output
    assert not list(tmp_path.parent.glob(f"{tmp_path.name}.png"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
@pytest.mark.parametrize("command", ["--version", "--help", "info", "plot mse", SCORE, f"{SCORE} --json"])
def test_a_full_disk_is_one_line(command: str, tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", np.arange(5.0))
    line = [sys.executable, "-m", "pyloss", *command.split()]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            line, stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path, env=BUFFERED
        )
    assert (done.returncode, done.stderr) == (2, "pyloss: the output cannot be written: No space left on device\n")


def test_a_reader_that_has_gone_is_no_fault() -> None:
    code = "import runpy, sys; sys.argv = ['pyloss', 'info']; runpy.run_module('pyloss', run_name='__main__')"
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        line = [sys.executable, "-c", code]
        done = subprocess.run(line, stdout=pipe, stderr=subprocess.PIPE, text=True, check=False, env=BUFFERED)
    assert (done.returncode, done.stderr) == (1, "")
