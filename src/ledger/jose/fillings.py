"""Fillings: whether different people can fill every place of a tree of thresholds. Pure counting.

Each person fills one place. A node has `threshold` places. A nested node that is chosen fills one
place of its parent and needs its own places filled. Every other place takes one person whom the
node names directly. A filling is the root with such a choice.

By Hall's theorem people can fill a filling exactly when every set of its nodes has as many people
named in it as it has places for people. `lack` counts that: there is no search, no order and no
assignment. A tree has at most 8 nested nodes: at most 256 fillings, and 512 sets of nodes.

`signer_policy.py` counts the signers of a JWS with it, and `ledger.domain.places` those who approve
a statement. A set of nodes is an integer: bit n is set if node n belongs to it.
"""

from collections.abc import Iterable, Mapping

MAX_NESTED = 8
MAX_THRESHOLD = 256
MAX_MEMBERS = 4096
# As many people as all places of the largest tree.
UNLIMITED = (MAX_NESTED + 1) * MAX_THRESHOLD

# The chosen nodes of a filling, by number, each with the places that people must fill directly.
Filling = dict[int, int]
# For each set of nodes: how many people are named directly in one of them.
Reach = list[int]


def fillings(nodes: Iterable[tuple[int, tuple[int, ...]]]) -> list[Filling]:
    """Return every filling of a tree: the threshold of each node and of those nested in it.

    The root comes first, and then the nested nodes of each node in the order of the nodes.
    """
    found: list[Filling] = []
    child = 0
    for parent, (threshold, nested) in enumerate(nodes):
        found = found or [{0: threshold}]
        for places in nested:
            child += 1
            found += [
                each | {parent: each[parent] - 1, child: places}
                for each in found
                if each.get(parent, 0) > 0
            ]
    return found


def reach(count: int, named: Mapping[int, int]) -> Reach:
    """Return for each set of `count` nodes how many people it names.

    `named` has the number of people whom exactly these nodes name.
    """
    size = 1 << count
    inside = [0] * size  # how many people are named in no other nodes than these
    for bits, number in named.items():
        inside[bits] += number
    for node in range(count):
        for chosen in range(size):
            if chosen >> node & 1:
                inside[chosen] += inside[chosen ^ 1 << node]
    return [inside[-1] - inside[size - 1 - chosen] for chosen in range(size)]


def lack(filling: Filling, people: Reach) -> tuple[int, int]:
    """Return how many people a filling lacks, and the smallest set of nodes that lacks as many.

    Another person lowers the lack exactly if a node of that set names them. It is the intersection
    of all sets that lack as many, because the lack of sets is supermodular.
    """
    sums = [(0, 0)]
    for number, places in filling.items():
        if places:
            sums += [(chosen | 1 << number, total + places) for chosen, total in sums]
    worst, smallest = 0, 0
    for chosen, total in sums:
        short = total - people[chosen]
        if short > worst:
            worst, smallest = short, chosen
        elif short == worst and worst:
            smallest &= chosen
    return worst, smallest
