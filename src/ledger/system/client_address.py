"""Whose request it is: the address of the client, which only a known proxy can tell for another."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a comma-separated list; raise ValueError for anything else."""
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Tell whether an address, or a network by its first address, is in one of the networks."""
    try:
        found = ip_address(address.partition("/")[0].partition("%")[0])
    except ValueError:
        return False
    if found.version == 6 and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks)


def client_address(peer: str, forwarded_for: Sequence[bytes], proxies: Sequence[Network]) -> str:
    """Return the address of the client whose request arrived from `peer`.

    `forwarded_for` are the values of X-Forwarded-For, in the order of the request. Each proxy adds
    the address that it saw at the end, so the list is read from the end, for as long as it was
    written by a known proxy. What a client wrote itself is never believed.
    """
    named = [part.strip() for value in forwarded_for for part in value.split(b",")]
    found = peer
    while named and is_within(found, proxies):
        told = named.pop().decode("ascii", "replace")
        try:
            found = str(ip_address(told))
        except ValueError:
            return found  # a proxy that writes no address has none to tell
    return found
