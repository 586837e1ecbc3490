"""The documentation: complete, served from here alone, and behind a proxy at a sub-path."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from websockets.sync.client import connect

from .nodes import NOBODY_S

API = "/mas/api/v1"
SOCKET = f"{API}/agents/ws/frontend/client_001"
# Each is a client of its own: to load certificates that nobody needs would take most of the time.
request = partial(httpx.request, verify=False, timeout=60)
get, post = partial(request, "GET"), partial(request, "POST")
PAGES = ("/docs", "/mas/docs", "/docs/", "/mas/docs/")


@contextmanager
def proxy(target: str, prefix: str, *, tells: bool = False, strips: bool = True) -> Iterator[str]:
    """Serve a node under a sub-path, which it sees only if the proxy does not strip it."""

    class Forward(BaseHTTPRequestHandler):
        def forward(self) -> None:
            if not self.path.startswith(f"{prefix}/"):
                self.send_error(404)
                return
            size = int(self.headers.get("content-length", 0))
            headers = {"content-type": self.headers.get("content-type", "")}
            if tells:
                headers["x-forwarded-prefix"] = prefix
            answer = request(
                self.command,
                target + (self.path.removeprefix(prefix) if strips else self.path),
                content=self.rfile.read(size),
                headers=headers,
            )
            self.send_response(answer.status_code)
            for name in ("content-type", "location", "content-security-policy"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = forward  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Forward)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def referenced(page: str) -> list[str]:
    """Return what a page loads."""
    return re.findall(r'(?:href|src|data-document)="([^"]+)"', page)


def check_page(url: str) -> None:
    """Load a page and everything on it, as a browser would; nothing may come from elsewhere."""
    page = get(url)
    assert page.status_code == 200, url
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    targets = referenced(page.text)
    assert len(targets) >= 5
    for target in targets:
        assert not re.match(r"[a-z]+:|/", target), f"{target} is not relative"
        loaded = get(urljoin(url, target))
        assert loaded.status_code == 200, urljoin(url, target)
    document_url = urljoin(url, next(target for target in targets if "openapi" in target))
    document = get(document_url).json()
    (server,) = document["servers"]
    base = urljoin(document_url, server["url"]).rstrip("/")
    assert get(f"{base}{API}/agents").status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_the_page_and_all_it_loads(node: Any, path: str) -> None:
    check_page(node.url + path)


def check_root(url: str, page: str) -> None:
    """Open an address, and come to the page with what it loads."""
    sent_on = get(url)
    assert (sent_on.status_code, urljoin(url, sent_on.headers["location"])) == (307, page)
    check_page(page)


@pytest.mark.parametrize(("path", "page"), [("", "/docs"), ("/mas", "/mas/docs")])
def test_whoever_opens_the_address_comes_to_the_page(node: Any, path: str, page: str) -> None:
    for address in (path, f"{path}/"):
        check_root(node.url + address, node.url + page)
    with proxy(node.url, "/sub/path") as url:
        check_root(f"{url}{path}/", url + page)


def test_the_prefix_alone_leads_to_the_page(under_a_prefix: Any) -> None:
    for address in (under_a_prefix.url, f"{under_a_prefix.url}/"):
        check_root(address, f"{under_a_prefix.url}/docs")


@pytest.mark.parametrize("path", PAGES)
def test_the_page_behind_a_proxy_that_strips_a_prefix(node: Any, path: str) -> None:
    with proxy(node.url, "/sub/path") as url:
        check_page(url + path)


def test_locations_behind_a_proxy_that_tells_its_prefix(node: Any, unique: str) -> None:
    with proxy(node.url, "/sub", tells=True) as url:
        created = post(f"{url}{API}/agents/register", json={"agent_id": unique})
        assert created.headers["location"] == f"/sub{API}/agents/{unique}"
        assert get(urljoin(url, created.headers["location"])).status_code == 200


@pytest.mark.parametrize("path", ["/openapi.json", "/mas/openapi.json", "/openapi.json/"])
def test_the_document_names_the_server_from_where_it_is_read(node: Any, path: str) -> None:
    address = node.url + path
    (server,) = get(address).json()["servers"]

    assert urljoin(address, server["url"]).rstrip("/") == node.url


@pytest.fixture(scope="module", params=["/backend", "/mas/api"])
def under_a_prefix(request: pytest.FixtureRequest, start_for_module: Callable[..., Any]) -> Any:
    """A node that is told its prefix; the second one looks like paths of ours."""
    return start_for_module(root_path=request.param)


def test_the_announced_url_opens(under_a_prefix: Any) -> None:
    prefix = under_a_prefix.system.settings.root_path
    assert under_a_prefix.url.endswith(prefix)
    for path in ("/mas/health", f"{API}/agents", "/openapi.json", "/mas/openapi.json"):
        assert get(under_a_prefix.url + path).status_code == 200, path
    for path in PAGES:
        check_page(under_a_prefix.url + path)


@pytest.mark.parametrize("strips", [True, False])
def test_everything_under_a_configured_prefix(under_a_prefix: Any, strips: bool) -> None:
    prefix = under_a_prefix.system.settings.root_path
    target = under_a_prefix.url.removesuffix(prefix)
    with proxy(target, prefix, strips=strips) as url:
        created = post(f"{url}{API}/agents/tasks/submit", json={"task_type": "x"})
        assert created.status_code == 201
        assert created.headers["location"].startswith(f"{prefix}{API}/agents/tasks/")
        assert get(urljoin(url, created.headers["location"])).status_code == 200
        for path in PAGES:
            check_page(url + path)
        for path in ("/openapi.json", "/mas/openapi.json"):
            (server,) = get(url + path).json()["servers"]
            base = urljoin(url + path, server["url"]).rstrip("/")
            assert get(f"{base}{API}/agents").status_code == 200
        missing = get(f"{url}{API}/agents/nobody").json()
        assert missing["instance"] == f"{prefix}{API}/agents/nobody"
        assert get(f"{url}/nowhere").json()["code"] == "route_not_found"


@pytest.mark.parametrize("strips", [True, False])
def test_sockets_under_a_configured_prefix(under_a_prefix: Any, strips: bool) -> None:
    prefix = under_a_prefix.system.settings.root_path
    base = under_a_prefix.url.replace("http://", "ws://")
    # What a proxy hands on, by either habit.
    with connect((base.removesuffix(prefix) if strips else base) + SOCKET) as socket:
        assert json.loads(socket.recv(30))["type"] == "metrics_update"


@pytest.mark.parametrize("prefix", ["//evil.example", "/a b", "/a\\b", "evil", "/x?y", "/<x>"])
def test_a_forwarded_prefix_that_is_no_path_is_ignored(client: httpx.Client, prefix: str) -> None:
    created = client.post(
        f"{API}/agents/tasks/submit",
        json={"task_type": "x", **NOBODY_S},
        headers={"x-forwarded-prefix": prefix},
    )

    assert created.headers["location"].startswith(f"{API}/agents/tasks/")


def test_no_other_file_is_served(client: httpx.Client) -> None:
    for name in ("core.py", "swagger-editor.js", "..%2Fcore.py", "%2e%2e%2fcore.py", "LICENSE"):
        assert client.get(f"/docs/{name}").status_code == 404


def test_the_document_describes_every_route(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    operations = {
        operation["operationId"]: operation
        for item in document["paths"].values()
        for operation in item.values()
    }
    assert {"register_agent", "submit_task", "claim_tasks", "get_audit_head"} <= operations.keys()
    commands = {
        operation["operationId"]
        for item in document["paths"].values()
        for method, operation in item.items()
        if method != "get"
    }
    conditional = {
        *("put_agent", "update_agent", "unregister_agent"),
        *("drain_agent", "suspend_agent", "activate_agent"),
        *("put_policies", "put_type_policy", "delete_type_policy"),
        *("set_budget", "remove_budget", "change_economic_parameters"),
    }
    positioned = {
        *("list_agents", "get_agent", "list_agent_tasks", "list_tasks", "get_task"),
        *("list_transactions", "list_accounts", "get_account", "get_statement"),
        *("get_statement_csv", "get_transfer", "get_stake", "list_budgets", "get_budget"),
        "list_closed_months",
        *("list_incentives", "get_incentive", "list_proposals", "get_proposal"),
        *("get_proposal_tally", "list_votes", "list_vote_delegations"),
        *("get_vote_delegation", "get_economic_profile", "list_agent_transactions"),
        *("get_economic_summary", "get_leaderboard"),
        *("list_messages", "get_message", "list_message_deliveries", "list_received_messages"),
        *("list_dead_letters", "get_subscriptions", "list_rules", "get_rule"),
        "get_communication_metrics",
    }
    # Known to the log by what they are about: without a key, and with a position all the same.
    settling = {"acknowledge_message", "acknowledge_messages", "refuse_message"}
    for name, operation in operations.items():
        assert operation["summary"], name
        responses = operation["responses"]
        assert {"400", "401", "403", "404", "422", "500", "503"} <= responses.keys(), name
        sent = {header for answer in responses.values() for header in answer.get("headers", ())}
        taken = {parameter["name"] for parameter in operation.get("parameters", ())}
        unlogged = {"send_heartbeat", "claim_tasks", "create_ticket", "test_agent_webhook"}
        logged = name in commands - unlogged - settling - {"explain_route"}
        told = logged or name in positioned | settling
        assert ("X-Event-Position" in sent) == told, name
        assert ("Idempotent-Replayed" in sent) == ("Idempotency-Key" in taken) == logged, name
        assert ("If-Match" in taken) == ("412" in responses) == (name in conditional), name
        assert ("If-None-Match" in taken) == (name in {"put_agent", "set_budget"}), name
        silent = {"remove_budget", "remove_rule", "remove_subscriptions"}
        assert ("requestBody" in operation) == (name in commands - silent), name
        if operation["responses"].keys() & {"201"} and name != "create_ticket":
            assert "Location" in responses["201"].get("headers", {}), name
    several = {
        name: said
        for name, operation in operations.items()
        if len(said := {status for status in operation["responses"] if status < "300"}) > 1
    }
    ordered = {
        *("mint_tokens", "burn_tokens", "fund_account", "change_economic_parameters"),
        *("open_incentive", "cancel_incentive", "claim_rewards", "slash_agent"),
        "register_agent_economically",
    }
    created = {"put_agent", "submit_task", "make_transfer", "send_message", "broadcast_message"}
    assert several == {
        **{name: {"200", "201"} for name in created},
        "reverse_transfer": {"200", "201", "202"},
        **{name: {"200", "202"} for name in ordered},
    }
    later = operations["reverse_transfer"]["responses"]["202"]
    carried = later["content"]["application/json"]["schema"]["$ref"]
    assert (carried.rpartition("/")[2], later["headers"].keys() >= {"Location"}) == ("Order", True)
    submission = document["components"]["schemas"]["TaskSubmission"]
    assert submission["additionalProperties"] is False
    assert submission["properties"]["max_cost"]["type"] == ["string", "number", "null"]
    assert submission["properties"]["description"]["description"]
    problem = document["components"]["responses"]["Problem409"]
    assert "application/problem+json" in problem["content"]
    assert "stale_lease" in problem["description"]


def test_every_reference_in_the_document_leads_somewhere(client: httpx.Client) -> None:
    text = client.get("/openapi.json").text
    document = client.get("/openapi.json").json()

    for reference in set(re.findall(r'"\$ref":"#/([^"]+)"', text)):
        found = document
        for step in reference.split("/"):
            found = found[step]
