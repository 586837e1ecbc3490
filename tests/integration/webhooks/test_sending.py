"""Where a POST to an endpoint really goes: the address that was checked, and no other."""

import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aia_mas.application.webhooks.addresses import Address, Allowed
from aia_mas.application.webhooks.sending import Reply, Sender, Unanswered

LOCAL = Allowed(["127.0.0.0/8"])


class Endpoint(ThreadingHTTPServer):
    """Answers 202 and keeps which host was asked for.

    Attributes:
        hosts: The headers ``Host`` of its requests.
        body: What it answers.
    """

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.hosts: list[str] = []
        self.body = b"ok"
        self.held: threading.Event | None = None
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                endpoint.hosts.append(self.headers["host"])
                self.rfile.read(int(self.headers["content-length"]))
                if endpoint.held is not None:
                    endpoint.held.wait(20)
                self.send_response(202)
                self.send_header("content-length", str(len(endpoint.body)))
                self.end_headers()
                self.wfile.write(endpoint.body)

            def log_message(self, *args: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that go away."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@pytest.fixture
def serving() -> Iterator[Callable[..., Endpoint]]:
    """Starts endpoints; they end with the test."""
    started: list[tuple[Endpoint, threading.Thread]] = []

    def start(tls: ssl.SSLContext | None = None) -> Endpoint:
        endpoint = Endpoint(tls)
        thread = threading.Thread(target=endpoint.serve_forever, args=(0.05,))
        thread.start()
        started.append((endpoint, thread))
        return endpoint

    yield start
    for endpoint, thread in started:
        if endpoint.held is not None:
            endpoint.held.set()
        endpoint.shutdown()
        endpoint.server_close()
        thread.join()


class Names:
    """A resolver whose answers change: what a name leads to is what comes next."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.asked: list[tuple[str, int]] = []
        self._answers = list(answers)

    async def __call__(self, host: str, port: int) -> list[Address]:
        self.asked.append((host, port))
        return [ip_address(text) for text in self._answers.pop(0)]


@pytest.fixture
async def sender() -> AsyncIterator[Callable[..., Sender]]:
    """Makes senders."""
    made: list[Sender] = []

    def make(allowed: Allowed = LOCAL, **options: Any) -> Sender:
        bounds = {"seconds": 10.0, "largest_answer": 1_000, "at_once": 10, "at_once_per_host": 2}
        made.append(Sender(allowed, **{**bounds, **options}))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def post(sender: Sender, url: str) -> Reply | Unanswered:
    return await sender.post(url, b"{}", lambda: {"webhook-id": "i"})


async def test_the_connection_goes_to_the_address_that_was_checked_and_asks_for_the_name(
    sender: Callable[..., Sender], serving: Callable[..., Endpoint]
) -> None:
    endpoint = serving()
    names = Names(("127.0.0.1",))

    answer = await post(sender(resolve=names), f"http://hook.example:{endpoint.port}/x")

    assert isinstance(answer, Reply)
    assert (answer.status, answer.body) == (202, b"ok")
    assert endpoint.hosts == [f"hook.example:{endpoint.port}"]
    assert names.asked == [("hook.example", endpoint.port)], "once: what was checked is called"


async def test_a_name_that_leads_elsewhere_later_is_checked_again(
    sender: Callable[..., Sender], serving: Callable[..., Endpoint]
) -> None:
    """DNS rebinding: allowed when it was registered, and at the first delivery; not any more."""
    endpoint = serving()
    names = Names(("127.0.0.1",), ("10.0.0.1",), ("169.254.169.254",), ("::ffff:10.0.0.1",))
    one, url = sender(resolve=names), f"http://hook.example:{endpoint.port}/"

    outcomes = [(await post(one, url)) for _ in range(4)]

    assert isinstance(outcomes[0], Reply)
    assert [each.outcome for each in outcomes[1:]] == ["not_allowed"] * 3
    assert len(endpoint.hosts) == 1


async def test_of_several_addresses_only_allowed_ones_are_called(
    sender: Callable[..., Sender], serving: Callable[..., Endpoint]
) -> None:
    endpoint = serving()
    # The first is refused, nobody listens at the second, the third answers.
    names = Names(("10.0.0.1", "127.0.0.9", "127.0.0.1"))

    answer = await post(sender(resolve=names), f"http://hook.example:{endpoint.port}/")

    assert isinstance(answer, Reply)
    assert len(endpoint.hosts) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_without_networks_allowed_this_machine_is_never_called(
    sender: Callable[..., Sender], serving: Callable[..., Endpoint], scheme: str
) -> None:
    endpoint = serving()
    names = Names(("127.0.0.1", "::1"))

    answer = await post(
        sender(Allowed(), resolve=names), f"{scheme}://hook.example:{endpoint.port}/"
    )

    assert answer.outcome == "not_allowed"
    assert endpoint.hosts == []


async def test_answers_and_times_are_bounded(
    sender: Callable[..., Sender], serving: Callable[..., Endpoint]
) -> None:
    endpoint = serving()
    url = f"http://127.0.0.1:{endpoint.port}/"
    endpoint.body = b"x" * 1_001
    assert (await post(sender(), url)).outcome == "answer_too_large"
    endpoint.body = b"x" * 1_000
    assert isinstance(await post(sender(), url), Reply)
    endpoint.held = threading.Event()
    assert (await post(sender(seconds=0.2), url)).outcome == "timed_out"


async def test_nobody_there_and_no_such_name(sender: Callable[..., Sender]) -> None:
    async def nothing(_host: str, _port: int) -> list[Address]:
        import socket

        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    closed = await post(sender(), "http://127.0.0.1:1/")
    unknown = await post(sender(resolve=nothing), "http://nowhere.example/")

    assert (closed.outcome, unknown.outcome) == ("unreachable", "unresolved")


async def test_a_slow_host_leaves_places_for_others(
    sender: Callable[..., Sender], serving: Callable[..., Endpoint]
) -> None:
    slow, quick = serving(), serving()
    slow.held = threading.Event()
    one = sender(at_once=3, at_once_per_host=2)
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(post, one, f"http://127.0.0.1:{slow.port}/")
        answer = await post(one, f"http://127.0.0.1:{quick.port}/")
        assert isinstance(answer, Reply)
        assert len(slow.hosts) <= 2
        slow.held.set()
    assert len(slow.hosts) == 5


def certified(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return how a server proves a name, and how a client that trusts it checks that."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


async def test_certificates_are_checked_for_the_name(
    sender: Callable[..., Sender], serving: Callable[..., Endpoint], tmp_path: Path
) -> None:
    shown, trusting = certified(tmp_path, "hook.example")
    endpoint = serving(shown)
    names = Names(*[("127.0.0.1",)] * 3)
    one = sender(resolve=names, tls=trusting)

    good = await post(one, f"https://hook.example:{endpoint.port}/")
    other = await post(one, f"https://other.example:{endpoint.port}/")
    literal = await post(one, f"https://127.0.0.1:{endpoint.port}/")
    untrusted = await post(sender(resolve=names), f"https://hook.example:{endpoint.port}/")

    assert isinstance(good, Reply)
    assert [each.outcome for each in (other, literal, untrusted)] == ["unreachable"] * 3
    assert endpoint.hosts == [f"hook.example:{endpoint.port}"]
