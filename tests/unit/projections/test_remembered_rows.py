"""What a writer remembers of the rows that it wrote: bounded in number and in bytes."""

from aia_mas.projections.remembered_rows import MOST_BYTES, MOST_ROWS, RememberedRows


def remember(remembered: RememberedRows, key: str, size: int) -> None:
    remembered.rows[key] = remembered.rows.pop(key, object())
    remembered.written(key, size)


def test_the_longest_unused_rows_are_forgotten_first() -> None:
    remembered = RememberedRows()
    for number in range(MOST_ROWS):
        remember(remembered, f"{number}", 10)
    remember(remembered, "0", 10)
    remembered.trim()
    assert len(remembered.rows) == MOST_ROWS

    remember(remembered, "one more", 10)
    remembered.trim()

    assert MOST_ROWS - 100 <= len(remembered.rows) <= MOST_ROWS
    assert "1" not in remembered.rows
    assert {"0", "one more", f"{MOST_ROWS - 1}"} <= remembered.rows.keys()
    assert remembered.bytes == 10 * len(remembered.rows)


def test_few_large_rows_are_forgotten_as_well() -> None:
    remembered = RememberedRows()
    largest = 0
    for number in range(200):
        remember(remembered, f"{number % 120}", 4 * 2**20)
        remembered.trim()
        largest = max(largest, remembered.bytes)
    assert largest <= MOST_BYTES


def test_a_row_that_shrinks_gives_its_bytes_back() -> None:
    remembered = RememberedRows()
    remember(remembered, "a", 1_000)
    remember(remembered, "a", 10)
    assert remembered.bytes == 10
    remembered.clear()
    assert (remembered.bytes, remembered.rows) == (0, {})
