r"""A worker around a function that works like a language model: prompt in, text and tokens out.

The function here needs no network and always answers alike: it picks sentences and counts words.
Put a call of a model in the place of ``complete``, and the rest stays as it is::

    .venv/bin/python examples/llm_agent.py
    curl -X POST http://localhost:8000/mas/api/v1/agents/tasks/submit \
        -H 'Content-Type: application/json' -d '{"task_type": "language",
        "requirements": {"skills": ["language"]},
        "payload": {"instruction": "summarize", "text": "One. Two things. Three things more."}}'

A task whose instruction it does not understand waits for an answer: it asks what to do.
"""

import argparse
import asyncio
import logging
import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aia.client import Context, Fail, Result, Usage, Worker

MODEL = "word-counter-1"
PRICE_PER_TOKEN = Decimal("0.00001")
SURE = 0.5
"""Below this confidence in what is wanted, a person is asked."""

_WORDS = re.compile(r"\w+")
_SENTENCES = re.compile(r"(?<=[.!?])\s+")
_COMMON = frozenset("and are but for from has not that the this was with".split())
_CUES = {
    "summarize": {"summarize", "summary", "shorten", "short", "brief", "gist", "main"},
    "keywords": {"keywords", "keyword", "topics", "tags", "terms", "about"},
    "sentiment": {"sentiment", "mood", "feeling", "positive", "negative", "opinion"},
}
_MOODS = {
    "positive": {"good", "great", "love", "excellent", "happy", "fast", "thanks", "works"},
    "negative": {"bad", "poor", "hate", "broken", "angry", "slow", "fails", "never"},
}


@dataclass
class Request:
    """What a task asks for (``instruction``: what to do with ``text``)."""

    text: str
    instruction: str = ""


@dataclass
class Completion:
    """What came out of the model.

    Attributes:
        text: Its answer.
        confidence: How sure it is, 0..1.
        tokens_in: Tokens that it read.
        tokens_out: Tokens that it wrote.
    """

    text: str
    confidence: float
    tokens_in: int
    tokens_out: int = field(init=False)

    def __post_init__(self) -> None:
        """Count what was written."""
        self.tokens_out = len(words_of(self.text))


async def complete(intent: str, text: str) -> Completion:
    """Answer, as a call of a model would: asynchronously."""
    await asyncio.sleep(0)
    words = words_of(text)
    counted = Counter(word for word in words if word not in _COMMON and len(word) > 2)
    if intent == "keywords":
        answer = ", ".join(word for word, _ in counted.most_common(5))
        return Completion(answer, min(1.0, len(counted) / 5), len(words))
    if intent == "sentiment":
        scores = {mood: sum(word in cues for word in words) for mood, cues in _MOODS.items()}
        found = sum(scores.values())
        mood = max(scores, key=lambda each: scores[each])
        sure = scores[mood] / found if found else 0.0
        return Completion(mood if sure > SURE else "neutral", max(sure, SURE), len(words))
    sentences = [each for each in _SENTENCES.split(text.strip()) if each]
    weights = {
        each: sum(counted[word] for word in words_of(each)) / max(len(words_of(each)), 1)
        for each in sentences
    }
    kept = sorted(sentences, key=lambda each: -weights[each])[: max(1, len(sentences) // 3)]
    answer = " ".join(each for each in sentences if each in kept)
    return Completion(answer, 0.8 if len(sentences) > 1 else SURE, len(words))


def intent_of(instruction: str) -> tuple[str, float]:
    """Return what is wanted, and how sure that is."""
    words = set(words_of(instruction))
    scores = {intent: len(words & cues) for intent, cues in _CUES.items()}
    best = max(scores, key=lambda intent: scores[intent])
    total = sum(scores.values())
    return best, scores[best] / total if total else 0.0


def words_of(text: str) -> list[str]:
    """Return the words of a text, which are the tokens of this model."""
    return _WORDS.findall(text.lower())


async def answer(ctx: Context, payload: Request) -> Result:
    """Do one task."""
    if not payload.text.strip():
        raise Fail("empty_text", "There is nothing to read")
    intent, confidence = intent_of(payload.instruction)
    if confidence <= SURE:
        ctx.log(f"not sure what {payload.instruction!r} means")
        intent = await ctx.ask("What shall I do with the text?", choices=sorted(_CUES))
    await ctx.progress(50, f"doing: {intent}")
    completion = await complete(intent, payload.text)
    read = completion.tokens_in + len(words_of(payload.instruction))
    result: dict[str, Any] = {"intent": intent, "answer": completion.text}
    usage = Usage(
        model=MODEL,
        tokens_in=read,
        tokens_out=completion.tokens_out,
        cost=PRICE_PER_TOKEN * (read + completion.tokens_out),
    )
    return Result(result, quality=completion.confidence, usage=usage)


def main() -> None:
    """Work until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A worker around a small language function.")
    parser.add_argument("--agent-id", default="llm_001")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    worker = Worker(arguments.agent_id, skills={"language": 0.7}, concurrency=8)
    worker.task("language")(answer)
    worker.run()


if __name__ == "__main__":
    main()
