"""The base of every domain event: a frozen record with an explicit, stable topic."""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened, named in the past tense.

    Subclasses set ``topic`` (for example ``"agent.registered.v1"``). The topic is what is stored;
    module paths and class names never are, so that code may move freely.
    """

    topic: ClassVar[str]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The immutable state of one aggregate, folded from the events of its stream."""
