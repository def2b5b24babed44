"""Determine a client's address, trusting X-Forwarded-For only from known proxies."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def parse_networks(text: str) -> tuple[Network, ...]:
    """Parse a comma-separated list of networks; raise ValueError if it is malformed."""
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Tell whether an address, or the first address of a network, is in one of the networks."""
    try:
        found = ip_address(address.partition("/")[0].partition("%")[0])
    except ValueError:
        return False
    if found.version == 6 and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks)


def client_address(peer: str, forwarded_for: Sequence[bytes], proxies: Sequence[Network]) -> str:
    """Return the address of the client whose request arrived from `peer`.

    `forwarded_for` holds the values of X-Forwarded-For, in request order. Each proxy appends the
    address it saw. So the list is read from its end, for as long as a known proxy wrote the entry.
    Entries that the client wrote are ignored.
    """
    found = peer
    for named in (
        part for value in reversed(forwarded_for) for part in reversed(value.split(b","))
    ):
        if not is_within(found, proxies):
            break
        try:
            found = str(ip_address(named.strip().decode("ascii", "replace")))
        except ValueError:
            break  # the proxy appended no valid address: use the proxy's own
    return found
