r"""Two agents who talk to each other, and an audit that misses nothing, in one program.

It needs no server: the whole system runs inside, with its data in ./.mas (or ``MAS_DATA_DIR``, or
``MAS_DATABASE_URL``). Start it twice: the second time the audit goes on where it was::

    .venv/bin/python examples/conversation.py --questions 3
"""

import argparse
import asyncio
import random

from aia.agents.communication_framework import (
    CommunicationMessage,
    EventDrivenCommunicationFramework,
    MessagePriority,
    ReceivedMessage,
    SystemEvent,
)

framework = EventDrivenCommunicationFramework()
ALARM = "alarms.temperature"


@framework.on("message:*", durable="audit", since="beginning")
def audit(message: CommunicationMessage) -> None:
    """Tell of every message, also of those that were sent while this program did not run."""
    to = message.to_agent or message.topic
    print(f"audit: {message.from_agent} -> {to}: {message.message_type} {message.payload}")


@framework.on("message_died")
async def dead(event: SystemEvent) -> None:
    """Tell of what could not be delivered."""
    for each in event.data["items"]:
        print(f"dead: {event.entity_id} to {each['recipient']}: {each['reason']}")


async def thermometer() -> None:
    """Answer questions, each once, and raise an alarm when it is too hot."""
    async with framework.receive("thermometer") as inbox:
        async for question in inbox:
            await measure(question)


async def measure(question: ReceivedMessage) -> None:
    """Answer one question; nothing of it is lost when the program dies in the middle."""
    degrees = round(random.uniform(15, 35), 1)  # noqa: S311 - the weather is no secret
    await framework.send_message(question.answer({"degrees": degrees}))
    if degrees > 25:
        alarm = CommunicationMessage(
            from_agent="thermometer",
            topic=ALARM,
            message_type="alarm",
            priority=MessagePriority.CRITICAL,
            payload={"degrees": degrees},
            ttl=60,
        )
        await framework.send_message(alarm)
    await question.ack()


async def main(questions: int) -> None:
    """Ask some questions and print the answers."""
    async with framework:
        await framework.subscribe("operator", ["alarms.*"])
        measuring = asyncio.create_task(thermometer())
        for _ in range(questions):
            question = CommunicationMessage(
                from_agent="operator", to_agent="thermometer", message_type="how_warm"
            )
            answer = await framework.request(question)
            print(f"operator: it is {answer.payload['degrees']} degrees")
        for alarm in await framework.queue.take("operator", limit=questions):
            print(f"operator: too hot, {alarm.payload['degrees']} degrees")
            await alarm.ack()
        measuring.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Two agents who talk to each other.")
    parser.add_argument("--questions", type=int, default=3)
    asyncio.run(main(parser.parse_args().questions))
