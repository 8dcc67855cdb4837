"""Every kernel that should be vectorised is: the machine code of each loop over a block has packed arithmetic of full width."""

import platform
import re
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec

import pytest

from pyloss._kernels import load
from pyloss._runtime import available_levels

REGISTERS = {"v3": "ymm", "v4": "zmm"}
SUFFIX = {32: "ps", 64: "pd"}
# What a loss is made of: constants and zeros are moved and blended, everything else is computed.
ARITHMETIC = "v(add|sub|mul|div|max|min|fn?m(add|sub)\\d+|cmp\\w*|and|andn|or|xor|blendv?|blendm|roundscale|range)"
LIBRARY = r"call.*<(exp|log|tanh|atan|sin|cos|pow|erf|lgamma)"
PROBES = ("exp", "log", "log1p", "expm1", "tanh", "power_of", "erf", "log_of_factorial")
OUTPUTS = ("value", "grad", "value_grad", "grad_hess", "all")

pytestmark = [
    pytest.mark.optimized,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="knows the instructions of x86-64 alone"),
    pytest.mark.skipif(not shutil.which("objdump"), reason="there is no objdump to disassemble with"),
]


@cache
def functions(level: str, bits: int) -> dict[str, str]:
    """The disassembly of a kernels' module, by the name of the function without what Cython puts before it."""
    spec = find_spec(f"pyloss._kernels.{level}_f{bits}")
    assert spec is not None
    assert spec.origin
    file = spec.origin
    listing = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", file], capture_output=True, text=True, check=True
    ).stdout
    found = re.findall(
        r"^[0-9a-f]+ <__pyx_(?:f_\w*kernels_|pw_\w*kernels_\d+)(\w+?)(?:\.\w+)*>:\n(.*?)(?:\n\n|\Z)",
        listing,
        re.MULTILINE | re.DOTALL,
    )
    code: dict[str, str] = {}
    for name, body in found:
        code[name] = code.get(name, "") + body
    return code


def points() -> tuple[str, ...]:
    return load(available_levels()[0], 32).points()


def packed(code: str, level: str, bits: int) -> int:
    """How many arithmetic instructions work on full registers of the kernel's numbers."""
    pattern = rf"\b{ARITHMETIC}({SUFFIX[bits]}|[dq])?\s.*%{REGISTERS[level]}"
    return sum(re.search(pattern, line) is not None for line in code.splitlines())


def loops(code: str) -> bool:
    """Whether there is a jump backwards."""
    jumps = re.findall(r"^\s*([0-9a-f]+):\s+j\w+\s+([0-9a-f]+) <__pyx", code, re.MULTILINE)
    return any(int(target, 16) < int(source, 16) for source, target in jumps)


def fills(code: str, level: str) -> bool:
    """Whether a kernel computes nothing, and stores a constant in full registers."""
    computes = re.search(rf"\b{ARITHMETIC}s[sd]\s", code)
    return not computes and re.search(rf"\bvmov\w+\s+%{REGISTERS[level]}\d+,", code) is not None


@pytest.mark.parametrize("bits", SUFFIX)
@pytest.mark.parametrize("level", REGISTERS)
@pytest.mark.parametrize("point", points())
def test_points(point, level, bits):
    code = functions(level, bits)
    assert code, "the symbols of the kernels are stripped"
    for output in OUTPUTS:
        kernel = code[f"each_{point}_{output}"]
        vectorised = packed(kernel, level, bits) or fills(kernel, level) or not loops(kernel)
        assert vectorised, f"each_{point}_{output} is not vectorised"
        assert not re.search(LIBRARY, kernel), f"each_{point}_{output} calls the C library"


@pytest.mark.parametrize("bits", SUFFIX)
@pytest.mark.parametrize("level", REGISTERS)
@pytest.mark.parametrize("probe", PROBES)
def test_functions(probe, level, bits):
    """The polynomials alone are a dozen of instructions."""
    code = functions(level, bits)[probe]
    assert packed(code, level, bits) > 12, f"{probe} is not vectorised"
    assert not re.search(LIBRARY, code), f"{probe} calls the C library"


STAGES = (
    "surely_inside",
    "any_outside",
    "weigh",
    "block_sum",
    "weighted_sum",
    "gather_half",
    "gather_bfloat16",
    "gather_int32",
    "scatter_half",
    "scatter_bfloat16",
)


@pytest.mark.parametrize("bits", SUFFIX)
@pytest.mark.parametrize("level", REGISTERS)
@pytest.mark.parametrize("stage", STAGES)
def test_stages(stage, level, bits):
    """What every loss goes through. Half of a register is enough where numbers change their width."""
    if stage not in functions(level, bits):
        pytest.skip(f"{stage} has been inlined")
    assert re.search(r"\bvp?\w+(ps|pd|[dqw])\s.*%[yz]mm", functions(level, bits)[stage])


@pytest.mark.parametrize("bits", SUFFIX)
@pytest.mark.parametrize("level", REGISTERS)
def test_careful_sums(level, bits):
    """Each term takes six additions, and the doubles of either precision fill the registers."""
    assert packed(functions(level, bits)["add_all_carefully"], level, 64) >= 6


@pytest.mark.parametrize("bits", SUFFIX)
@pytest.mark.parametrize("level", REGISTERS)
def test_sums(level, bits):
    """Of light points and usual ones: the point in its own numbers, the sums in doubles."""
    sums = {
        name: code
        for name, code in functions(level, bits).items()
        if re.fullmatch(r"sum_\w+_by_[12]_(no_)?look\w*", name)
    }
    assert {
        "sum_mse_value_by_1_no_look",
        "sum_hinge_value_by_1_look_at_signs",
        "sum_kl_divergence_value_grad_by_2_no_look",
    } <= sums.keys()
    for name, code in sums.items():
        assert packed(code, level, bits) > 2, f"{name} is not vectorised"
        assert re.search(rf"\bvaddpd\s.*%{REGISTERS[level]}", code), f"{name} adds one by one"


@pytest.mark.parametrize("bits", SUFFIX)
@pytest.mark.parametrize("level", REGISTERS)
@pytest.mark.parametrize("name", ["cosine", "sum_below_one", "row_top"])
def test_rows(name, level, bits):
    assert packed(functions(level, bits)[name], level, bits) > 2


@pytest.mark.parametrize("bits", SUFFIX)
@pytest.mark.parametrize("level", REGISTERS)
def test_softmax(level, bits):
    code = functions(level, bits)
    found = {
        name: packed(body, level, bits)
        for name, body in code.items()
        if name.startswith(("softmax", "tile_", "exps", "row_"))
    }
    assert sum(found.values()) > 40, found
