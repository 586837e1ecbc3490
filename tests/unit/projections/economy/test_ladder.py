"""Who has how much, in order: against a plain dictionary."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from aia_mas.projections.economy.ladder import Ladder

NAMES = st.sampled_from([f"a{number}" for number in range(12)])
AMOUNTS = st.one_of(st.integers(0, 5), st.integers(0, 10**33))
CHANGES = st.lists(st.tuples(NAMES, AMOUNTS), max_size=60)


def noted(changes: list[tuple[str, int]]) -> tuple[Ladder, dict[str, int]]:
    ladder, plain = Ladder(), {}
    for name, amount in changes:
        ladder.note(name, amount)
        plain[name] = amount
    return ladder, {name: amount for name, amount in plain.items() if amount}


def gini(amounts: list[int]) -> Fraction:
    """The mean difference of all pairs, in units of twice the mean: the definition itself."""
    count, total = len(amounts), sum(amounts)
    if not count:
        return Fraction(0)
    differences = sum(abs(one - other) for one in amounts for other in amounts)
    return Fraction(differences, 2 * count * total)


@given(CHANGES)
def test_places_totals_and_inequality_are_those_of_a_plain_count(
    changes: list[tuple[str, int]],
) -> None:
    ladder, plain = noted(changes)

    assert len(ladder) == len(plain)
    assert ladder.total == sum(plain.values())
    for name in {name for name, _ in changes}:
        above = sum(amount > plain.get(name, 0) for amount in plain.values())
        assert ladder.rank(name) == (above + 1 if name in plain else None)
    assert Fraction(*ladder.inequality()) == gini(list(plain.values()))


@given(CHANGES, st.integers(1, 14))
def test_those_with_most_come_first_and_equals_by_name(
    changes: list[tuple[str, int]], most: int
) -> None:
    ladder, plain = noted(changes)

    expected = sorted(plain.items(), key=lambda item: (-item[1], item[0]))[:most]
    assert [(rung.name, rung.amount) for rung in ladder.top(most)] == expected


@given(CHANGES, st.integers(1, 6), st.one_of(st.none(), st.integers(1, 10**33)))
def test_spans_are_counted(changes: list[tuple[str, int]], least: int, below: int | None) -> None:
    ladder, plain = noted(changes)
    if below is not None:
        below = max(least, below)

    found = [
        amount for amount in plain.values() if amount >= least and (below is None or amount < below)
    ]
    assert ladder.between(least, below) == (len(found), sum(found))


def test_what_does_not_change_anything_is_no_change() -> None:
    ladder = Ladder()
    ladder.note("a", 3)
    changes = ladder.changes

    ladder.note("a", 3)
    ladder.note("b", 0)

    assert ladder.changes == changes
    assert ladder.rank("b") is None


def test_extremes_of_inequality() -> None:
    same, one = Ladder(), Ladder()
    for number in range(4):
        same.note(f"a{number}", 7)
        one.note(f"a{number}", 10**30 if number == 0 else 1)

    assert Fraction(*same.inequality()) == 0
    assert Fraction(3, 4) - Fraction(*one.inequality()) < Fraction(1, 10**29)
