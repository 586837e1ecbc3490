"""Which endpoints may be called."""

from ipaddress import ip_address

import pytest

from aia_mas.application.webhooks.addresses import Allowed, is_public, literal_address
from aia_mas.domain.orchestration.errors import EndpointNotAllowed

PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "2606:4700::1111",
    "100.128.0.1",
    "64:ff9b::808:808",
)
REFUSED = {
    "loopback": ("127.0.0.1", "127.8.9.10", "::1"),
    "private": ("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd12::1", "fc00::1"),
    "link-local": ("169.254.1.1", "fe80::1", "fe80::1%eth0"),
    "metadata": ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"),
    "CGNAT": ("100.64.0.1", "100.127.255.255"),
    "multicast": ("224.0.0.1", "239.1.1.1", "ff02::1", "ff0e::1"),
    "unspecified": ("0.0.0.0", "0.1.2.3", "::"),
    "reserved": ("240.0.0.1", "255.255.255.255", "192.0.0.8", "198.18.0.1"),
    "documentation": ("192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"),
    "IPv4 in IPv6": ("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::a00:1"),
    "6to4 and Teredo": ("2002:a00:1::1", "2002:7f00:1::", "2001:0:1::1"),
    "site-local": ("fec0::1",),
}  # fmt: skip
ALL_REFUSED = [(kind, text) for kind, texts in REFUSED.items() for text in texts]


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_may_be_called_over_https(text: str) -> None:
    address = ip_address(text)
    assert is_public(address)
    assert Allowed().allows(address)
    assert not Allowed().allows(address, "http")


@pytest.mark.parametrize(("kind", "text"), ALL_REFUSED)
def test_others_may_not(kind: str, text: str) -> None:
    assert not Allowed().allows(ip_address(text.partition("%")[0])), kind
    host = f"[{text}]" if ":" in text else text
    with pytest.raises(EndpointNotAllowed):
        Allowed().check_url(f"https://{host}/")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("::ffff:192.168.0.1", True),
        ("100.64.0.1", True),
        ("fd12::1", True),
        ("169.254.169.254", False),
        ("fd00:ec2::254", False),
        ("100.100.100.200", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
    ],
)
def test_private_allows_private_networks_but_not_where_clouds_keep_credentials(
    text: str, allowed: bool
) -> None:
    for scheme in ("http", "https"):
        assert Allowed(["private"]).allows(ip_address(text), scheme) is allowed


def test_networks_are_allowed_one_by_one_and_http_only_in_these() -> None:
    some = Allowed(["10.1.0.0/16", "169.254.169.254/32"])

    assert some.allows(ip_address("10.1.2.3"), "http")
    assert some.allows(ip_address("::ffff:10.1.2.3"))
    assert some.allows(ip_address("169.254.169.254"))
    assert not some.allows(ip_address("10.2.0.1"))
    assert some.allows(ip_address("8.8.8.8"))
    assert not some.allows(ip_address("8.8.8.8"), "http")


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/", "https://LOCALHOST.:8000/", "https://a.localhost/",
        "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/",
        "http://agent.example/",
    ],
)  # fmt: skip
def test_other_ways_to_write_the_same_are_refused(url: str) -> None:
    with pytest.raises(EndpointNotAllowed):
        Allowed().check_url(url)


@pytest.mark.parametrize(
    "url", ["https://agent.example/", "https://10.example/a?b", "https://8.8.8.8:8443/"]
)
def test_names_are_checked_when_they_are_resolved(url: str) -> None:
    Allowed().check_url(url)


def test_names_are_no_addresses() -> None:
    assert literal_address("agent.example") is None
    assert literal_address("") is None
    assert str(literal_address("127.1")) == "127.0.0.1"
