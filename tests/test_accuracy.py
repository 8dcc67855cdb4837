"""The records of accuracy: nothing is worse than they say, they keep the gates, and the documentation shows them.

What was worst is asked again, and the functions at every 65537th float; `make accuracy` measures everything.
"""

import numpy as np
import pytest
from accuracy import functions, losses, record
from accuracy.exceptions import EXCEPTIONS
from accuracy.exceptions import FUNCTIONS as EXCESSIVE
from accuracy.page import LEVELS, PAGE, PRECISIONS, levels_of, page
from oracle_ulps import PLACES
from variants import Variant

import pyloss
from pyloss._runtime import LEVEL, available_levels

# Numbers alone: other tests walk the memory.
pytestmark = pytest.mark.optimized
LOSSES, FUNCTIONS = record.read(record.LOSSES), record.read(record.FUNCTIONS)
every_loss = pytest.mark.parametrize("stem", pyloss.LOSSES)
every_precision = pytest.mark.parametrize("precision", PRECISIONS)
every_function = pytest.mark.parametrize("name", functions.NAMES)

# Parts of these are not ours, and round otherwise elsewhere: they keep the gates.
FOREIGN = {
    "nt_xent": "the order of the sums in BLAS's products",
    "info_nce": "as for nt_xent",
    "triplet": "the C library's powers",
    "tversky": "as for triplet",
}


def worst(stem: str, precision: str, level: str) -> dict[str, float]:
    """What the record has; where there is no record of a level, the worst of the others, for all with FMA round alike."""
    recorded = LOSSES[stem][precision]
    entries = [recorded[level]] if level in recorded else recorded.values()
    return {place: max(entry[place]["ulp"] for entry in entries) for place in next(iter(entries))}


def bound(stem: str, precision: str, place: str) -> float:
    """The gate, or the bound of an exception."""
    exception = EXCEPTIONS[stem].bounds.get((precision, place)) if stem in EXCEPTIONS else None
    return exception or losses.gate(stem, place, precision)


@every_precision
@every_loss
def test_the_worst_is_not_worse(stem, precision):
    limits = worst(stem, precision, LEVEL)
    asked = {(entry["form"], entry["call"]) for entry in LOSSES[stem][precision][recorded_level(stem)].values()}
    dtype = np.dtype(precision).type
    for form, number in asked:
        (got,) = losses.evaluated(losses.FORMS[form], dtype, range(number, number + 1))
        assert not losses.unconfirmed(form, dtype, number, got)
        for place, found in losses.measured(form, dtype, number, {LEVEL: got})[LEVEL].items():
            limit = max(limits[place], bound(stem, precision, place)) if stem in FOREIGN else limits[place]
            assert record.printed(found.ulp) <= limit, (place, found)


def recorded_level(stem: str) -> str:
    levels = LOSSES[stem]["float64"]
    return LEVEL if LEVEL in levels else max(levels)


@every_precision
@every_loss
def test_every_loss_is_recorded(stem, precision):
    """With all that it answers, at every level that the record is of."""
    loss = Variant(stem)
    places = {"value", "grad", "hess"} if loss.has_hess else {"value", "grad"}
    assert set(LOSSES[stem][precision]) == set(levels_of(LOSSES))
    for entry in LOSSES[stem][precision].values():
        assert set(entry) == places
        assert all(one["form"] in losses.FORMS for one in entry.values())


@every_precision
@every_loss
def test_the_record_keeps_the_gates(stem, precision):
    for level, entry in LOSSES[stem][precision].items():
        for place, one in entry.items():
            assert one["ulp"] <= bound(stem, precision, place), (level, place, one)


def test_exceptions_only_shrink():
    """Each is needed, and its bound is what was measured."""
    for stem, exception in EXCEPTIONS.items():
        for (precision, place), limit in exception.bounds.items():
            measured = max(entry[place]["ulp"] for entry in LOSSES[stem][precision].values())
            assert losses.gate(stem, place, precision) < measured == limit, (stem, precision, place)


@pytest.mark.skipif(not PAGE.exists(), reason="the sources are not there")
def test_the_page_shows_the_records():
    assert PAGE.read_text("utf-8") == page()


@pytest.mark.parametrize("level", available_levels())
@every_function
def test_functions_at_a_sample_of_floats(name, level):
    found = functions.of_patterns(name, (level,), functions.sample(65537))[level]
    assert record.printed(found.ulp) <= limit_of_function(name, "float32", level), found


@pytest.mark.skipif(not functions.has_extended(), reason="a long double has no more digits than a double")
@pytest.mark.parametrize("level", available_levels())
@every_function
def test_functions_at_random_doubles(name, level):
    found = functions.of_random_doubles(name, (level,), 20_000)[level]
    assert record.printed(found.ulp) <= limit_of_function(name, "float64", level), found


def limit_of_function(name: str, precision: str, level: str) -> float:
    recorded = FUNCTIONS.get(name, {}).get(precision, {})
    return recorded[level]["ulp"] if level in recorded else functions.gate(name, precision)


@every_precision
@every_function
def test_functions_are_recorded(name, precision):
    """Over all floats of the domain, and ten million doubles; within the gates."""
    if name not in FUNCTIONS:
        pytest.skip("has not been run: make accuracy")
    recorded = FUNCTIONS[name][precision]
    assert set(recorded) == set(levels_of(FUNCTIONS)) <= {"base", *LEVELS}
    worst = max(entry["ulp"] for entry in recorded.values())
    if (name, precision) in EXCESSIVE:
        assert functions.gate(name, precision) < worst == EXCESSIVE[name, precision][0]
    else:
        assert worst <= functions.gate(name, precision)
    for entry in recorded.values():
        assert entry["ulp"] >= 0.5
        assert entry["count"] >= (functions.count_of_floats(name) if precision == "float32" else functions.DOUBLES)


@pytest.mark.parametrize("name", PLACES)
def test_a_record_improves_and_refuses(name, tmp_path):
    file = tmp_path / "record.json"
    first = {"mse": {"float32": {"v3": {name: {"ulp": 1.5, "call": 1}}}}}
    assert record.update(file, first) == []
    assert record.update(file, {"mse": {"float32": {"v3": {name: {"ulp": 1.25, "call": 2}}}}}) == []
    (complaint,) = record.update(file, {"mse": {"float32": {"v3": {name: {"ulp": 1.75, "call": 3}}}}})
    assert complaint == f"mse float32 v3 {name}: 1.75 ULP, and 1.25 in the record"
    assert record.read(file)["mse"]["float32"]["v3"][name] == {"ulp": 1.25, "call": 2}


def test_figures_are_rounded_up():
    assert record.printed(1.2340001) == 1.235
    assert record.printed(0.5) == 0.5


def test_distances():
    """Of numbers that are known: halves of a unit, overflow, denormals, NaN."""
    got = np.array([1 + 2**-23, 2**-149, np.inf, np.nan, np.nan, 1.0, -np.inf], np.float32)
    want = np.array([1, 2.5 * 2**-149, 2.0**128, np.nan, 1, np.nan, np.inf])
    apart = functions.distances(got, want)
    np.testing.assert_array_equal(apart, [1, 1.5, 0, 0, np.inf, np.inf, 2**25])
