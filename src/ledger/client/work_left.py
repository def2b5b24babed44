"""Tell what does its work after the call that returned it: its outcome is not known yet.

A function cannot be asked whether it is done; what it returns can. Work that a function begins and
returns nothing of, such as a thread or a task, is not seen.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from typing import Any

_LATER = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
_LAZY = (Awaitable, Generator, AsyncIterator, map, filter)


def begins_later(run: Callable[..., Any]) -> bool:
    """Tell whether a call of this function only returns what does the work."""
    return any(kind(each) for kind in _LATER for each in (run, type(run).__call__))


def has_work_left(result: object) -> bool:
    """Tell whether what a call returned, or a part of it, works later or still works.

    Each library has futures and tasks of its own, so their methods tell what they are.
    """
    if isinstance(result, Mapping):
        return any(map(_works, result.values()))
    if isinstance(result, list | tuple | set | frozenset):
        return any(map(_works, result))
    return _works(result)


def _works(result: Any) -> bool:
    if isinstance(result, _LAZY) or _has(result, "done", "add_done_callback"):
        return True  # a future that is done can hold a failure
    if _has(result, "ready", "successful"):  # the results of pools and task queues
        return True
    if _has(result, "is_alive", "join"):  # a thread or a process, which may not have begun
        return result.ident is None or result.is_alive()
    return _has(result, "poll", "communicate") and result.poll() is None


def _has(result: Any, *names: str) -> bool:
    return all(callable(getattr(type(result), each, None)) for each in names)
