"""`catch bench turns`: ratios are those of a round, and a checkout that does not start says so."""

from pathlib import Path

import pytest

from catch.bench.turns import AGAIN, HERE, OTHER, THIS, Figure, Measured, NotStarted, Ratio, checkout, ratio

PAGE = Figure("page of cases", 1)


def test_a_ratio_is_of_what_was_measured_in_the_same_round():
    # The machine is ten times as slow in the second round, which is no business of either.
    quiet = {THIS: Measured(300, 30), OTHER: Measured(200, 40), AGAIN: Measured(200, 44)}
    busy = {name: Measured(each.per_second / 10, each.own_us * 2) for name, each in quiet.items()}
    assert ratio(PAGE, [quiet, busy, quiet]) == Ratio("page of cases", 1, 1.5, 1.0, 0.75, 1.1)


async def test_a_checkout_does_each_of_its_figures_in_its_turn():
    async with checkout(HERE, cases=3) as here:
        for figure in (Figure("append", 2), PAGE):
            measured = await here.does(figure, 0.05)
            assert measured.per_second > 0
            assert measured.own_us > 0


async def test_a_checkout_that_ends_before_its_turn_is_named(tmp_path: Path):
    (tmp_path / "src" / "catch").mkdir(parents=True)
    (tmp_path / "src" / "catch" / "__init__.py").write_text("raise SystemExit('this is no checkout of ours')")
    with pytest.raises(NotStarted):
        async with checkout(tmp_path, cases=3):
            pass
