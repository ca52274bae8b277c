"""Values are compared, hashed and shown as those of a frozen dataclass are."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace

import pytest

from pytest_claude_budget.base.values import value_class


@value_class(frozen=True, kw_only=True, slots=True)
class Value:
    """Two that compare, one that does not, one that is not shown."""

    name: str
    count: int = 0
    aside: int = field(default=0, compare=False)
    hidden: int = field(default=0, repr=False)


@value_class(frozen=True, slots=True, order=True)
class Ordered:
    """In the order of its fields."""

    first: int
    second: int = 0


@value_class(frozen=True, slots=True, eq=False)
class Itself:
    """Equal to nothing else."""

    name: str


@value_class(frozen=True, slots=True)
class Empty:
    """Nothing in it."""


@dataclass(frozen=True, slots=True)
class Other:
    """The same fields as another class."""

    first: int
    second: int = 0


def test_what_is_in_values_makes_them_equal() -> None:
    """But for what is kept aside; and those of another class never are."""
    one = Value(name="a", count=1, aside=2)

    assert one == replace(one, aside=3)
    assert hash(one) == hash(replace(one, aside=3))
    assert one != replace(one, count=2)
    assert one != replace(one, hidden=1)
    assert Ordered(1) != Other(1)  # type: ignore[comparison-overlap]
    assert Empty() == Empty()
    assert len({Value(name="a"), Value(name="a"), Value(name="b")}) == 2


def test_what_is_in_values_is_shown() -> None:
    """By the name of the class, without what is hidden."""
    assert repr(Value(name="a", hidden=7)) == "Value(name='a', count=0, aside=0)"
    assert repr(Empty()) == "Empty()"


def test_values_with_an_order_are_sorted_by_their_fields() -> None:
    """And are keys all the same."""
    assert sorted([Ordered(2), Ordered(1, 5), Ordered(1)]) == [Ordered(1), Ordered(1, 5), Ordered(2)]
    assert {Ordered(1): 1}[Ordered(1)] == 1


def test_a_value_that_is_only_itself_is_no_other() -> None:
    """Whatever is in it."""
    one = Itself("a")

    assert one != Itself("a")
    assert {one: 1}[one] == 1


def test_a_value_takes_its_own_fields_only() -> None:
    """A slip of a name is an error, as in any dataclass."""
    with pytest.raises(AttributeError):
        Value(name="a").other = 1  # type: ignore[attr-defined]


def test_a_value_is_made_whole_by_whatever_asks_first() -> None:
    """Its fields, a copy, or the value itself: `dataclass` does its part no earlier."""

    @value_class(frozen=True, kw_only=True)
    class Late:
        """With what is worked out, and what is made anew each time."""

        name: str
        parts: list[str] = field(default_factory=list)
        length: int = field(init=False)

        def __post_init__(self) -> None:
            self.length = len(self.name)  # type: ignore[misc]  # plain where it runs

    assert [each.name for each in fields(Late)] == ["name", "parts", "length"]
    assert replace(Late(name="abc"), name="ab") == Late(name="ab")
    assert Late(name="ab").parts is not Late(name="ab").parts
    assert repr(Late(name="ab")) == f"{Late.__qualname__}(name='ab', parts=[], length=2)"


def test_a_field_that_is_missing_or_unknown_is_an_error_from_the_first_value_on() -> None:
    """The first one too."""

    @value_class(frozen=True, kw_only=True, slots=True)
    class Strict:
        """One field."""

        name: str

    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'name'"):
        Strict()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        Strict(name="a", other=1)  # type: ignore[call-arg]
    assert Strict(name="a").name == "a"


def test_a_few_values_are_made_without_dataclass(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes longer for a class than for a value; that of many values has it, and one is as the other."""
    asked: list[object] = []
    original = dataclasses.dataclass

    def counted(**options: bool) -> object:
        asked.append(options)
        return original(**options)

    monkeypatch.setattr(dataclasses, "dataclass", counted)

    @value_class(frozen=True, slots=True)
    class Few:
        """One field of each kind."""

        name: str
        count: int = 1
        parts: list[str] = field(default_factory=list)
        worked_out: str = field(init=False)

        def __post_init__(self) -> None:
            self.worked_out = self.name * self.count  # type: ignore[misc]  # plain where it runs

    first = [Few("a"), Few("a", 2), Few(name="a", parts=["b"]), Few("a", count=3)]
    assert asked == []
    assert ["a", "aa", "a", "aaa"] == [each.worked_out for each in first]
    assert [[], [], ["b"], []] == [each.parts for each in first]
    assert first[0].parts is not first[1].parts

    many = [Few("a") for _ in range(100)]
    assert len(asked) == 1
    assert first[0] == many[-1]
    with pytest.raises(TypeError, match="multiple values for argument 'name'"):
        Few("a", name="b")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("args", "fields", "words"),
    [
        (("a",), {"name": "b"}, "multiple values for argument 'name'"),
        (("a", 1, 2), {}, "from 2 to 3 positional arguments but 4 were given"),
        ((), {"count": 1}, "missing 1 required positional argument: 'name'"),
        (("a",), {"other": 1}, "unexpected keyword argument 'other'"),
        (("a",), {"aside": 1}, "unexpected keyword argument 'aside'"),
    ],
)
def test_what_a_class_does_not_take_is_said_of_its_first_value(
    args: tuple[object, ...], fields: dict[str, object], words: str
) -> None:
    """In the words of `dataclass`."""

    @value_class(frozen=True, slots=True)
    class New:
        """Two that are given, one that is not."""

        name: str
        count: int = 0
        aside: int = field(default=0, init=False)

    with pytest.raises(TypeError, match=words):
        New(*args, **fields)  # type: ignore[arg-type]


def test_many_threads_make_the_first_value_at_once() -> None:
    """Each has its own, whole."""

    @value_class(frozen=True, kw_only=True, slots=True)
    class Shared:
        """Two fields."""

        name: str
        count: int = 1

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda number: Shared(name=str(number)), range(64)))

    assert made == [Shared(name=str(number), count=1) for number in range(64)]
