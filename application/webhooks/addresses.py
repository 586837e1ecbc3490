"""Which endpoints may be called: the rules for URLs and for the addresses behind their names."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

from aia_mas.domain.orchestration.errors import EndpointNotAllowed

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

PRIVATE: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10"),
        *("::1/128", "fc00::/7"),
    )
)
"""What ``private`` allows: this machine, and networks that the Internet does not lead to."""

_METADATA = tuple(
    ip_network(text)
    for text in ("169.254.0.0/16", "fd00:ec2::/32", "100.100.100.200/32", "168.63.129.16/32")
)
"""Where clouds tell machines their credentials: ``private`` does not allow these."""

# IANA special-purpose registries, RFC 6890: none of these is an address of somebody out there. They
# stand here because what Python calls global differs from release to release.
_SPECIAL = (
    *PRIVATE,
    *_METADATA,
    *(
        ip_network(text)
        for text in (
            *("0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15"),
            *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            *("::/128", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16"),
            *("64:ff9b:1::/48", "fe80::/10", "fec0::/10", "ff00::/8"),
        )
    ),
)
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_V4_COMPATIBLE = IPv6Network("::/96")


class Allowed:
    """What may be called beside public addresses over https."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        """Allow networks (CIDR, or ``private``)."""
        names = tuple(networks)
        named = [ip_network(name) for name in names if name != "private"]
        self._networks: tuple[Network, ...] = tuple(named)
        self._private = "private" in names

    def check_url(self, url: str) -> None:
        """Refuse a URL that can be told to be not allowed before its name is resolved.

        Raises:
            EndpointNotAllowed: It is not; ``detail`` says why.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" and not (self._networks or self._private):
            raise EndpointNotAllowed("An endpoint is called over https only", field="endpoint")
        host = (parts.hostname or "").rstrip(".").lower()
        literal = literal_address(host)
        if host == "localhost" or host.endswith(".localhost"):
            literal = ip_address("127.0.0.1")
        if literal is not None and not self.allows(literal, parts.scheme):
            raise EndpointNotAllowed(
                f"{host} is no address that endpoints may have", field="endpoint"
            )

    def allows(self, address: Address, scheme: str = "https") -> bool:
        """Tell whether an address may be called; not over https only one in a network allowed."""
        address = embedded(address)
        if any(address in network for network in self._networks):
            return True
        if self._private and _in(address, PRIVATE) and not _in(address, _METADATA):
            return True
        return scheme == "https" and is_public(address)


def is_public(address: Address) -> bool:
    """Tell whether an address is one of somebody on the Internet."""
    address = embedded(address)
    return address.is_global and not address.is_multicast and not _in(address, _SPECIAL)


def embedded(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address leads to, if it does; else itself."""
    if not isinstance(address, IPv6Address):
        return address
    number = int(address)
    if (mapped := address.ipv4_mapped) is not None:
        return mapped
    if address in _NAT64 or (address in _V4_COMPATIBLE and number > 1):
        return IPv4Address(number & 0xFFFF_FFFF)
    if address in _SIX_TO_FOUR:
        return IPv4Address(number >> 80 & 0xFFFF_FFFF)
    return address


def literal_address(host: str) -> Address | None:
    """Return the address that a host is written as, also like ``127.1``; None: it is a name."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        # What resolvers make of numbers without asking anybody: 2130706433, 0x7f.1, 0177.0.0.1
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def _in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
