"""Any report that the schema allows, with names that would like to be more than names."""

from typing import Any

from hypothesis import strategies as st

from pytest_claude_budget.compare.result import Standing

HOSTILE = (
    *(
        "@everyone",
        "@org/team",
        "<b>x</b>",
        "<img src=x>",
        "<!-- x -->",
        "-->",
        "</details>",
        "</summary>",
        "&lt;",
        "&#64;a",
    ),
    *(
        "https://evil.example",
        "www.evil.example",
        "a@evil.example",
        "#123",
        "GH-1",
        "5f9d731",
        "deadbeef",
        "org/repo#9",
        ":tada:",
    ),
    *(
        "`",
        "``",
        "```",
        "|",
        "\\|",
        "\\",
        "\n",
        "\r\n",
        "\x1b[31m",
        "\u202e",
        "\u200b",
        "\u2028",
        "\ud800",
        "\x00",
        "\u3164",
    ),
    *(
        "[a](https://evil.example)",
        "![a](x)",
        "[a]: https://evil.example",
        "**",
        "__",
        "~~",
        "$x$",
        "* ",
        "- ",
        "1. ",
        "# ",
        "> ",
    ),
    *(" ", "  ", "(", ")", "::", "[", "]", "word", "tests/test_a.py::test_x", "é", "שלום", "→", "test_a"),
)
names = st.one_of(
    st.lists(st.sampled_from(HOSTILE), max_size=8).map("".join), st.text(max_size=30), st.just("`" * 5000)
)
counts = st.one_of(st.integers(0, 10_000), st.just(10**25))
money = st.one_of(
    st.decimals(0, 10_000, places=6).map(lambda value: f"{value:f}"),
    st.sampled_from(("0", "0.0", "9" * 500, "0." + "0" * 500 + "1", "0.00000001")),
)
signed = st.tuples(st.sampled_from(("", "-")), money).map("".join)
yes = st.booleans()


def lists(element: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(element, max_size=4)


def objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(fields)


USAGE = ("input_tokens", "cache_creation_5m_input_tokens", "cache_creation_1h_input_tokens", "cache_read_input_tokens")
usage = objects(**dict.fromkeys((*USAGE, "output_tokens", "web_search_requests"), counts))
sums = {
    "calls": counts,
    "attempts": counts,
    "free": counts,
    "cost": money,
    "spent": money,
    "at_least": yes,
    "unknown": counts,
    "unknown_live": counts,
    "usage": usage,
}
MEASURES = ("max_cost", "max_calls", "max_increase", "max_monthly_cost", "max_monthly_increase", "max_output_tokens")
values = st.one_of(counts, money, money.map(lambda value: f"{value}%"), names)
breaches = lists(
    objects(
        scope=st.sampled_from(("run", "test", "fixture", "feature", "tier", "model", "projection")),
        name=names,
        measure=st.one_of(st.sampled_from(MEASURES), names),
        value=values,
        maximum=values,
        at_least=yes,
        where=names,
        path=names,
        text=names,
    )
)
STATUSES = tuple(standing.value for standing in Standing)
CAUSES = ("calls", "model", "system", "cache", "output")
owner_changes = objects(
    owner=names,
    kind=st.sampled_from(("test", "fixture", "outside")),
    status=st.sampled_from(STATUSES),
    before=money,
    after=money,
    change=signed,
    change_percent=st.none() | signed,
    judged=signed,
    at_least=yes,
    noise=yes,
    before_at_least=yes,
    samples=counts,
    was=st.none() | names,
    place=names,
    causes=lists(objects(cause=st.sampled_from(CAUSES), amount=signed, text=names)),
)
comparisons = objects(
    baseline=objects(source=names, kind=st.sampled_from(("lock", "git", "report")), commit=st.none() | names),
    before=money,
    after=money,
    change=signed,
    change_percent=st.none() | signed,
    judged=signed,
    price_change=signed,
    at_least=yes,
    not_run=money,
    counts=st.dictionaries(st.sampled_from(STATUSES), counts),
    amounts=st.dictionaries(st.sampled_from(STATUSES), signed),
    owners=lists(owner_changes),
    by_feature=lists(
        objects(feature=names, before=money, after=money, change=signed)
        | objects(
            feature=names,
            before=money,
            after=money,
            change=signed,
            at_least=yes,
            before_at_least=yes,
            after_at_least=yes,
            not_compared=money,
            not_compared_after=money,
        )
    ),
)
months = objects(
    feature=names,
    scenario=names | st.just("average"),
    requests_per_month=counts,
    case=st.none() | names,
    before=st.none() | money,
    after=st.none() | money,
    change=st.none() | signed,
    at_least=yes,
    warm=st.none() | money,
    cold=st.none() | money,
    judged_as=st.sampled_from(("measured", "warm", "cold")),
    tests=lists(names),
    left_out=lists(names),
    samples=counts,
    low=st.none() | money,
    high=st.none() | money,
    reason=names,
)
documents = objects(
    schema_version=st.just(1),
    tool=objects(name=st.just("pytest-claude-budget"), version=names),
    rates_as_of=st.just("2026-11-23"),
    verdict=objects(
        outcome=st.sampled_from(("within", "warned", "over", "incomplete", "unjudged")),
        breaches=breaches,
        warnings=breaches,
        incomplete=lists(names),
        known=breaches,
        spared=lists(
            objects(
                owner=names,
                maximum=names | money.map(lambda value: f"{value}%"),
                where=names,
                why=st.sampled_from(("ignore_below", "new", "noise")),
                ignore_below=money,
            )
        ),
    ),
    accepted=st.none() | names,
    budget=st.none() | objects(source=names, run_max_cost=st.none() | money),
    run=objects(
        outcome=st.sampled_from(("passed", "failed", "interrupted")),
        paths=lists(names),
        narrowed=st.none() | names,
        ids=lists(names),
        skipped=lists(names),
        without_calls=lists(names),
        uncollected=lists(names),
    ),
    totals=objects(**sums),
    by_owner=lists(objects(owner=names, kind=st.sampled_from(("test", "fixture", "outside")), place=names, **sums)),
    by_model=lists(objects(model=names, **sums)),
    by_feature=lists(objects(feature=names, **sums)),
    by_tier=st.just([]),
    unpriced=lists(objects(owner=names, model=st.none() | names, reason=names, calls=counts, kind=st.just("unpriced"))),
    notes=lists(objects(text=names, calls=counts)),
    warnings=lists(names),
    stale=lists(names),
    before_update=lists(names),
    exempt=lists(objects(owner=names, calls=counts)),
    faults=lists(names),
    record=st.just({"schema_version": 1, "rates_as_of": "2026-11-23", "owners": {}}),
    answers=objects(**dict.fromkeys(("seen", "priced", "unpriced", "unmeasured", "free"), counts)),
    comparison=st.none() | comparisons,
    projection=lists(months),
)
