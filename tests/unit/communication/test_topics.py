"""Topics and patterns: what they look like, and who listens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.communication.crowds import numbers_of
from aia_mas.domain.communication.errors import IllegalWildcard, InvalidTopic
from aia_mas.domain.communication.topics import (
    LONGEST,
    MOST_WORDS,
    Subscribers,
    check_pattern,
    check_topic,
    matches,
)

words = st.sampled_from("ab")
topics = st.lists(words, min_size=1, max_size=4).map(".".join)


@st.composite
def patterns(draw: st.DrawFn) -> str:
    """Return a pattern of few words, so that it takes in some topics."""
    parts = draw(st.lists(st.sampled_from("ab*"), max_size=4))
    if not parts or draw(st.booleans()):
        parts.append(">")
    return ".".join(parts)


@pytest.mark.parametrize("topic", ["tasks", "tasks.created", "a-b.c_d.0", "A" * LONGEST])
def test_a_topic_is_words_joined_by_dots(topic):
    assert check_topic(topic, "topic") == topic
    assert check_pattern(topic, "pattern") == topic


@pytest.mark.parametrize(
    "topic",
    ["", ".", "a.", ".a", "a..b", "a b", "ä", "a/b", "a" * (LONGEST + 1), "a\n",
     ".".join("a" * (MOST_WORDS + 1))],
)  # fmt: skip
def test_what_is_neither_topic_nor_pattern(topic):
    for check in (check_topic, check_pattern):
        with pytest.raises(InvalidTopic) as refusal:
            check(topic, "topic")
        assert refusal.value.code == "invalid_topic"
        assert refusal.value.field == "topic"


@pytest.mark.parametrize("pattern", ["*", ">", "tasks.*", "*.created", "tasks.>", "*.*.>"])
def test_a_wildcard_is_a_whole_word(pattern):
    assert check_pattern(pattern, "pattern") == pattern
    with pytest.raises(IllegalWildcard):
        check_topic(pattern, "topic")


@pytest.mark.parametrize("pattern", ["tasks.a*", "**", "a.>.b", ">.a", "a>", ">>"])
def test_a_wildcard_stands_nowhere_else(pattern):
    with pytest.raises(IllegalWildcard) as refusal:
        check_pattern(pattern, "pattern")
    assert refusal.value.code == "illegal_wildcard"


@pytest.mark.parametrize(
    ("pattern", "taken", "not_taken"),
    [
        ("tasks.created", {"tasks.created"}, {"tasks", "tasks.created.now", "tasks.done"}),
        ("tasks.*", {"tasks.created"}, {"tasks", "tasks.created.now"}),
        ("tasks.>", {"tasks.created", "tasks.created.now"}, {"tasks", "task.created"}),
        ("*.created", {"tasks.created"}, {"created", "a.tasks.created"}),
        (">", {"a", "a.b.c"}, set()),
    ],
)
def test_what_a_pattern_takes_in(pattern, taken, not_taken):
    assert {topic for topic in taken | not_taken if matches(pattern, topic)} == taken


subscriptions = st.lists(st.tuples(patterns(), st.integers(0, 9), st.booleans()), max_size=40)


@given(subscriptions, topics)
def test_all_those_listen_whose_patterns_take_the_topic_in(changes, topic):
    known, trie = set(), Subscribers()
    for pattern, who, there in changes:
        if there:
            known.add((pattern, who))
            trie.add(pattern, who)
        else:
            known.discard((pattern, who))
            trie.remove(pattern, who)

    listening = {who for pattern, who in known if matches(pattern, topic)}
    assert set(numbers_of(trie.of(topic))) == listening


@given(subscriptions)
def test_nothing_is_left_of_those_who_have_gone(changes):
    trie = Subscribers()
    for pattern, who, _ in changes:
        trie.add(pattern, who)
    for pattern, who, _ in changes:
        trie.remove(pattern, who)

    assert not trie._below
    assert not trie._here
