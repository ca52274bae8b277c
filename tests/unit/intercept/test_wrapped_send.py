"""Others wrap `send` too: before us and after, by descriptors and by functions, and take their wrappers away in any order.

Each call counts once, their wrapper sees it once, and what is left behind is what would be there without us.
"""

import asyncio
import functools
from collections.abc import Callable, Iterator
from types import MethodType
from typing import Any
from unittest import mock

import pytest
from wrapt import FunctionWrapper

from pytest_claude_budget.calls.call import Status
from pytest_claude_budget.intercept.httpx_hooks import Hooks, hook_module
from tests.builders.watched import ASKED, MODULES, URL, Told, message

Wrap = Callable[[type, list[Any]], Any]
BOTH = [(module, asynchronous) for module in MODULES for asynchronous in (False, True)]
IDS = [f"{module.__name__}-{'async' if asynchronous else 'sync'}" for module, asynchronous in BOTH]


def by_wrapt(cls: type, seen: list[Any]) -> Any:
    def traced(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        assert isinstance(instance, cls)
        seen.append(instance)
        return wrapped(*args, **kwargs)

    return FunctionWrapper(cls.__dict__["send"], traced)


def by_function(cls: type, seen: list[Any]) -> Any:
    real = cls.send  # type: ignore[attr-defined]  # a client's

    def send(self: Any, request: Any, **how: Any) -> Any:
        seen.append(self)
        return real(self, request, **how)

    return send


def by_decorator(cls: type, seen: list[Any]) -> Any:
    return functools.wraps(cls.send)(by_function(cls, seen))  # type: ignore[attr-defined]  # a client's


def by_partialmethod(cls: type, seen: list[Any]) -> Any:
    return functools.partialmethod(by_function(cls, seen))


def by_callable(cls: type, seen: list[Any]) -> Any:
    """No descriptor: Python gives it no client."""
    real = cls.send  # type: ignore[attr-defined]  # a client's

    class Sends:
        def __call__(self, request: Any, **how: Any) -> Any:
            seen.append(None)
            client = MADE[-1]
            return real(client, request, **how)

    return Sends()


def by_cyfunction(cls: type, seen: list[Any]) -> Any:
    """As Cython compiles a function: no function of Python's, yet it binds, has a name and takes attributes."""
    real = cls.send  # type: ignore[attr-defined]  # a client's

    class cython_function_or_method:  # noqa: N801  # its name there
        __name__, __qualname__, __module__, __doc__ = "send", f"{cls.__name__}.send", cls.__module__, None

        def __call__(self, client: Any, request: Any, **how: Any) -> Any:
            seen.append(client)
            return real(client, request, **how)

        def __get__(self, client: Any, owner: type) -> Any:
            return self if client is None else MethodType(self, client)

    return cython_function_or_method()


def by_partial(cls: type, seen: list[Any]) -> Any:
    """Of C, and bound to no client: the wrapper must know it by itself."""
    return staticmethod(functools.partial(by_callable(cls, seen)))


def by_slots(cls: type, seen: list[Any]) -> Any:
    """It takes no attributes and tells nothing of itself."""
    real = cls.send  # type: ignore[attr-defined]  # a client's

    class Closed:
        __slots__ = ()

        def __get__(self, client: Any, owner: type) -> Any:
            return self if client is None else functools.partial(self.asked, client)

        def asked(self, client: Any, request: Any, **how: Any) -> Any:
            seen.append(client)
            return real(client, request, **how)

    return Closed()


WRAPS = [
    by_wrapt,
    by_function,
    by_decorator,
    by_partialmethod,
    by_callable,
    by_cyfunction,
    by_partial,
    by_slots,
]
MADE: list[Any] = []
"""The newest client."""


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Whoever watches these tests themselves looks away, and whatever a test leaves in the classes is taken out."""
    classes = [cls for module in MODULES for cls in (module.Client, module.AsyncClient)]
    sends = [cls.__dict__["send"] for cls in classes]
    for cls, send in zip(classes, sends, strict=True):
        cls.send = vars(send).get("__wrapped__", send)
    yield
    for cls, send in zip(classes, sends, strict=True):
        cls.send = send


def ask(module: Any, asynchronous: bool, client_class: type | None = None) -> int:
    """Make one call over a mock transport; returns the answer's output tokens."""
    transport = module.MockTransport(lambda request: module.Response(200, json=message()))

    async def asking() -> Any:
        async with (client_class or module.AsyncClient)(transport=transport) as client:
            MADE.append(client)
            return await client.post(URL, json=ASKED)

    if asynchronous:
        answer = asyncio.run(asking())
    else:
        with (client_class or module.Client)(transport=transport) as client:
            MADE.append(client)
            answer = client.post(URL, json=ASKED)
    return int(answer.json()["usage"]["output_tokens"])


def hooked(module: Any) -> tuple[Told, Hooks]:
    """Begin a run."""
    told = Told()
    return told, hook_module(module, told)


def client_of(module: Any, asynchronous: bool) -> Any:
    return module.AsyncClient if asynchronous else module.Client


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize(("module", "asynchronous"), BOTH, ids=IDS)
def test_who_wrapped_before_us_is_called_as_python_would(module: Any, asynchronous: bool, wrap: Wrap) -> None:
    cls, seen = client_of(module, asynchronous), []
    cls.send = theirs = wrap(cls, seen)
    told, hooks = hooked(module)
    assert ask(module, asynchronous) == 100
    hooks.remove(told)
    assert ([Status.MEASURED], 1) == ([each.status for each in told.answers], len(seen))
    assert cls.__dict__["send"] is theirs


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize(("module", "asynchronous"), BOTH, ids=IDS)
def test_a_second_run_counts_once_below_and_above_who_wrapped_in_between(
    module: Any, asynchronous: bool, wrap: Wrap
) -> None:
    cls, seen = client_of(module, asynchronous), []
    outer, first = hooked(module)
    cls.send = wrap(cls, seen)
    inner, second = hooked(module)
    assert ask(module, asynchronous) == 100
    second.remove(inner)
    assert ask(module, asynchronous) == 100
    first.remove(outer)
    assert ask(module, asynchronous) == 100
    assert (2, 1, 3) == (len(outer.answers), len(inner.answers), len(seen))


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize(("module", "asynchronous"), BOTH, ids=IDS)
def test_who_outlives_a_run_is_kept_and_the_next_run_counts_once(module: Any, asynchronous: bool, wrap: Wrap) -> None:
    cls, seen = client_of(module, asynchronous), []
    told, hooks = hooked(module)
    before = cls.__dict__["send"]
    cls.send = theirs = wrap(cls, seen)
    hooks.remove(told)
    assert cls.__dict__["send"] is theirs
    told, hooks = hooked(module)
    assert ask(module, asynchronous) == 100
    hooks.remove(told)
    assert (1, 1) == (len(told.answers), len(seen))
    cls.send = before  # as who takes a wrapper away in the end
    told, hooks = hooked(module)
    assert ask(module, asynchronous) == 100
    hooks.remove(told)
    assert (1, 1) == (len(told.answers), len(seen))


@pytest.mark.parametrize(("module", "asynchronous"), BOTH, ids=IDS)
def test_a_proxy_that_is_taken_away_after_the_run_brings_no_hook_back(module: Any, asynchronous: bool) -> None:
    cls = client_of(module, asynchronous)
    before = cls.__dict__["send"]
    told, hooks = hooked(module)
    cls.send = theirs = by_wrapt(cls, [])
    hooks.remove(told)
    assert theirs.__wrapped__ is before
    assert ask(module, asynchronous) == 100


@pytest.mark.parametrize("wrap", [by_wrapt, by_decorator])
@pytest.mark.parametrize(("module", "asynchronous"), BOTH, ids=IDS)
def test_who_puts_back_what_was_before_us_loses_no_later_call(module: Any, asynchronous: bool, wrap: Wrap) -> None:
    """Our hook was on top; it is put in anew, and what passed in between is not passed over."""
    cls, missed = client_of(module, asynchronous), []
    before = cls.__dict__["send"]
    cls.send = wrap(cls, [])
    told, hooks = hooked(module)
    told.missed = missed.append  # type: ignore[method-assign]  # is told of here
    cls.send = before
    hooks.check()
    assert ask(module, asynchronous) == 100
    name = f"{module.__name__}.{cls.__name__}.send"
    assert missed == [f"{name} was put back to what it was before the run: calls since then may be missing"]
    hooks.check()
    assert (1, 1) == (len(told.answers), len(missed))
    hooks.remove(told)
    assert cls.__dict__["send"] is before


@pytest.mark.parametrize("wrap", [by_wrapt, by_decorator])
@pytest.mark.parametrize(("module", "asynchronous"), BOTH, ids=IDS)
def test_who_takes_the_top_away_takes_its_own_wrapper_and_leaves_our_hook(
    module: Any, asynchronous: bool, wrap: Wrap
) -> None:
    """As agents unwrap that had wrapped before us: ours is on top by then."""
    cls, first, second = client_of(module, asynchronous), [], []
    before = cls.__dict__["send"]
    cls.send = wrap(cls, first)
    cls.send = wrap(cls, second)
    told, hooks = hooked(module)
    for calls, expected in ((1, (1, 1)), (2, (2, 1)), (3, (2, 1))):
        assert ask(module, asynchronous) == 100
        assert (calls, *expected) == (len(told.answers), len(first), len(second))
        if calls < 3:
            cls.send = cls.send.__wrapped__
            hooks.check()
    hooks.remove(told)
    assert cls.__dict__["send"] is before


@pytest.mark.parametrize(("module", "asynchronous"), BOTH, ids=IDS)
def test_a_test_that_replaces_send_is_not_disturbed(module: Any, asynchronous: bool) -> None:
    cls = client_of(module, asynchronous)
    told, hooks = hooked(module)
    ours = cls.__dict__["send"]
    with mock.patch.object(cls, "send") as fake:
        hooks.check()
        assert cls.__dict__["send"] is fake
    assert cls.__dict__["send"] is ours
    hooks.remove(told)


@pytest.mark.parametrize(("module", "asynchronous"), BOTH, ids=IDS)
def test_a_subclass_that_overrides_send_counts_each_time_that_it_sends(module: Any, asynchronous: bool) -> None:
    cls = client_of(module, asynchronous)

    class Twice(cls):  # type: ignore[misc, valid-type]  # known at run time only
        def send(self, request: Any, **how: Any) -> Any:
            first, second = (super(Twice, self).send(request, **how) for _ in range(2))
            return self._second(first, second) if asynchronous else second

        async def _second(self, first: Any, second: Any) -> Any:
            await first
            return await second

    told, hooks = hooked(module)
    assert ask(module, asynchronous, Twice) == 100
    hooks.remove(told)
    assert len(told.answers) == 2
