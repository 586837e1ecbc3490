"""Loads an HTTP server from a process of its own: keep-alive connections, one request at a time.

Run as a program: ``http_loader.py PORT PATH CONNECTIONS SECONDS BODY_FILE``; it prints one line of
JSON. Bare sockets, because a client library would take more of the machine than the server does.
"""

import asyncio
import json
import sys
import time
from pathlib import Path


async def client(port: int, request: bytes, until: float, latencies: list[float]) -> int:
    """Send the request once or more often; return how many answers were not 2xx."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    refused, ended = 0, 0.0
    while ended < until:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        ended = time.perf_counter()
        latencies.append(ended - began)
        refused += not head.startswith(b"HTTP/1.1 2")
    writer.close()
    return refused


async def load(port: int, path: str, connections: int, seconds: float, body: bytes) -> None:
    """Load a path for some seconds and print what came of it."""
    request = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    latencies: list[float] = []
    began = time.perf_counter()
    refused = await asyncio.gather(
        *(client(port, request, began + seconds, latencies) for _ in range(connections))
    )
    took = time.perf_counter() - began
    latencies.sort()
    print(
        json.dumps(
            {
                "rate": len(latencies) / took,
                "refused": sum(refused),
                "p50_ms": latencies[len(latencies) // 2] * 1e3,
                "p99_ms": latencies[len(latencies) * 99 // 100] * 1e3,
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(
        load(
            int(sys.argv[1]),
            sys.argv[2],
            int(sys.argv[3]),
            float(sys.argv[4]),
            Path(sys.argv[5]).read_bytes(),
        )
    )
