"""Groups of routes that are registered quickly."""

from collections.abc import Sequence
from typing import Any, Self

from litestar import Router
from litestar.types import ControllerRouterHandler


class Routes(Router):
    """A router of litestar that is made anew where litestar would copy it.

    Litestar copies a router deeply, with all that its handlers refer to, for each router above it:
    that was a third of a server's start. A handler is copied in any case, but by itself, so the
    servers of one process still share nothing that a start changes.
    """

    def __init__(
        self, path: str, *, route_handlers: Sequence[ControllerRouterHandler], **layer: Any
    ) -> None:
        """Take what `Router` takes."""
        self._made_of = path, route_handlers, layer
        super().__init__(path, route_handlers=route_handlers, **layer)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        path, handlers, layer = self._made_of
        return type(self)(path, route_handlers=handlers, **layer)
