"""Addresses that people give the server to send to: they must not lead into its own network.

A name is resolved before each request, every address that it has is checked, and the request goes
to the address that was checked: a name that points elsewhere a moment later changes nothing. The
forms of an address that programs read differently (decimal, octal, IPv4 within IPv6) are resolved
as the system's own connect would, so what is checked is what would be connected to.
"""

import ipaddress
import re
import socket
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import urlsplit

from ledger.errors import MalformedError, RefusedError, UnavailableError

MAX_URL_CHARS = 2048
_VISIBLE = re.compile(r"[!-~]+").fullmatch
# IPv6 forms that carry an IPv4 address, which a translator or tunnel would connect to.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_TUNNELS = (ipaddress.ip_network("2002::/16"), ipaddress.ip_network("2001::/32"))
# Deprecated forms of IPv4 within IPv6, and addresses of one site only.
_NEVER = tuple(map(ipaddress.ip_network, ("::/96", "fec0::/10", "100.64.0.0/10", "192.0.0.0/24")))

# Where clouds give their machines secrets, outside link-local addresses: Alibaba, Oracle, Azure,
# AWS, Google, Oracle, Scaleway.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        (
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fd00:c1::a9fe:a9fe",
            "fd00:42::42",
        ),
    )
)

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Target(NamedTuple):
    """Where a request goes: the server's prefix for `HttpClient`, its host, and the path."""

    prefix: str
    host: str
    port: int
    path: str


def parse_target(url: str, private_hosts: Collection[str]) -> Target:
    """Return the parts of an address that somebody gives the server to send to.

    It must be `https://`; of a host in `private_hosts` also `http://`. Raises MalformedError
    `url_invalid`.
    """
    try:
        parts = urlsplit(url) if len(url) <= MAX_URL_CHARS and _VISIBLE(url) else urlsplit("")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if not host or parts.fragment or "@" in parts.netloc or "\\" in url or port == 0:
        raise MalformedError("url_invalid", "the address is not https://host[:port][/path][?query]")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in private_hosts):
        raise MalformedError("url_invalid", "the address must begin with https://")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    usual = 443 if parts.scheme == "https" else 80
    return Target(f"{parts.scheme}://{parts.netloc}", host, port or usual, path)


def checked_address(target: Target, private_hosts: Collection[str]) -> str:
    """Return the IP address to connect to for a target, resolved now.

    Raises RefusedError `address_inward` if one of its addresses leads inward; UnavailableError
    `peer_unreachable` if the name cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnavailableError("peer_unreachable", "the host's name is not found") from error
    addresses = [str(each[4][0]) for each in found]
    may_be_private = target.host in private_hosts
    for address in addresses:
        if not is_outward(address, may_be_private=may_be_private):
            raise RefusedError("address_inward", "the host leads into the server's own network")
    return addresses[0]


def is_outward(text: str, *, may_be_private: bool = False) -> bool:
    """Tell whether an IP address is a public one, or, if so asked, one of a private network.

    Addresses that clouds serve their machines' secrets at are refused in each case.
    """
    if "%" in text:  # an address within one link
        return False
    address = ipaddress.ip_address(text)
    inner = _inner(address)
    if inner is not None:
        return is_outward(str(inner), may_be_private=may_be_private)
    if address.is_multicast or address.is_unspecified or address.is_link_local:
        return False
    if address in _METADATA:
        return False
    if may_be_private and (address.is_private or address.is_loopback):
        return True
    is_never = any(address in network for network in _NEVER if network.version == address.version)
    return address.is_global and not address.is_reserved and not is_never


def _inner(address: IpAddress) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address carries; for a tunnel, one that is refused."""
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if any(address in network for network in _TUNNELS):
        return ipaddress.IPv4Address(0)
    return None
