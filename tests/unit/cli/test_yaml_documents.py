"""YAML is read as JSON would say it, with the line of everything, and never more than that."""

import pytest

from aia_mas.interfaces.cli.yaml_documents import BadYaml, read_documents


def test_plain_words_are_what_json_would_have() -> None:
    text = (
        b"a: no\nb: 2026-01-01\nc: 12:30\nd: [1, -2, 3.5e2, ~, true, 0x1f, 010, 1_0]\ne: 'null'\n"
    )

    (document,) = read_documents("f.yaml", text)

    assert document.value == {
        "a": "no",
        "b": "2026-01-01",
        "c": "12:30",
        "d": [1, -2, 350.0, None, True, "0x1f", 10, "1_0"],
        "e": "null",
    }


def test_everything_knows_its_line_in_its_own_document() -> None:
    text = (
        b"a: 1\n---\n# nothing\n---\nspec:\n  x:\n    skills: {p: 1}\n    list:\n    - 1\n    - 2\n"
    )

    one, two = read_documents("f.yaml", text)

    assert one.at(("a",)) == "f.yaml:1"
    assert two.at(("spec", "x", "skills", "p")) == "f.yaml:7"
    assert two.at(("spec", "x", "list", 1)) == "f.yaml:10"
    assert two.at(("spec", "x", "missing")) == "f.yaml:6"
    assert two.at(two.field(("spec", "x"), "list.1")) == "f.yaml:10"


def test_merged_fields_give_way_to_those_beside_them() -> None:
    text = b"base: &b {p: 1, q: 1}\nother: {<<: *b, q: 2}\nmore: {q: 3, <<: [*b, {r: 4, p: 5}]}\n"

    (document,) = read_documents("f.yaml", text)

    assert document.value["other"] == {"p": 1, "q": 2}
    assert document.value["more"] == {"p": 1, "q": 3, "r": 4}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a: 1\nb: 2\na: 3\n", "f.yaml:3: 'a' stands here twice"),
        (b"a: 1\nb: [1\nc: 2\n", "f.yaml:3"),
        (b"a: &x [*x]\n", "f.yaml:1: it holds too much"),
        (b"a: *nothing\n", "f.yaml:1"),
        (b"a: !!python/object/apply:os.system [x]\n", "f.yaml:1"),
        (b"a: !!binary aGk=\n", "f.yaml:1"),
        (b"? [1]\n: 2\n", "f.yaml:1: a key must be a text"),
        (b"a:\n  b: 1e999\n", "f.yaml:2: this number is too large"),
        (b"a: 1\n<<: 3\n", "f.yaml:2: what << names must be a mapping"),
        (b"\xff\xfe\x00", "f.yaml"),
        (b"[" * 3_000, "f.yaml: it is nested too deeply"),
    ],
)
def test_what_cannot_be_is_told_with_its_line(text: bytes, said: str) -> None:
    with pytest.raises(BadYaml) as told:
        list(read_documents("f.yaml", text))

    assert str(told.value).startswith(said)


def test_aliases_cannot_blow_up() -> None:
    lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    with pytest.raises(BadYaml, match="it holds too much"):
        list(read_documents("f.yaml", "\n".join(lines).encode()))
