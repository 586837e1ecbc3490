"""Asks an HTTP server from a process of its own: keep-alive connections, one request at a time.

Run as a program: ``query_loader.py PORT PATH CONNECTIONS SECONDS [NUMBERS]``; a ``#`` in the path
becomes a random number below ``NUMBERS``. It prints one line of JSON.
"""

import asyncio
import json
import random
import sys
import time


async def client(port: int, path: str, numbers: int, until: float, latencies: list[float]) -> int:
    """Ask once or more often; return how many answers were not 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    refused, ended = 0, 0.0
    while ended < until:
        asked = path.replace("#", str(random.randrange(numbers)))
        request = f"GET {asked} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        ended = time.perf_counter()
        latencies.append(ended - began)
        refused += not head.startswith(b"HTTP/1.1 200")
    writer.close()
    return refused


async def load(port: int, path: str, connections: int, seconds: float, numbers: int) -> None:
    """Ask for some seconds and print what came of it."""
    latencies: list[float] = []
    until = time.perf_counter() + seconds
    refused = await asyncio.gather(
        *(client(port, path, numbers, until, latencies) for _ in range(connections))
    )
    latencies.sort()
    found = {
        "rate": len(latencies) / seconds,
        "refused": sum(refused),
        "p50_ms": latencies[len(latencies) // 2] * 1e3,
        "p99_ms": latencies[len(latencies) * 99 // 100] * 1e3,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    _, port, path, connections, seconds, *numbers = sys.argv
    asyncio.run(
        load(int(port), path, int(connections), float(seconds), int(numbers[0]) if numbers else 1)
    )
