"""The reports whose comments are kept beside this file, by name."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal

from pytest_claude_budget.advice.lever import Lever, Month, Saving, Shown
from pytest_claude_budget.base.money import to_json
from pytest_claude_budget.record.selection import NOTHING_RAN
from pytest_claude_budget.render.json_levers import lever_entries
from tests.golden.documents import HAIKU, SONNET, Document, Owner, Report, breach, dearer, increase, month, spared

REFUND = Owner(
    id="tests/test_support.py::test_refund",
    before="0.01",
    after="0.0275",
    causes=[("calls", "0.0175", "makes 3 calls (was 1)")],
    place="tests/test_support.py:41",
    calls=3,
    feature="support",
)
TRIAGE = Owner(
    id="tests/test_triage.py::test_triage[german]",
    before="0.0063",
    after="0.0088",
    causes=[
        # 2,600 tokens at $1 a million and no longer at $0.10, and 160 more at $1: 0.00234 + 0.00016
        ("cache", "0.00234", "cache reads 7,600 → 5,000: block 2 of the system prompt changed"),
        ("system", "0.00016", "system prompt +160 tokens"),
    ],
    place="tests/test_triage.py:12",
    feature="triage",
)
ESCALATE = Owner(
    id="tests/test_triage.py::test_escalate",
    before=None,
    after="0.0025",
    place="tests/test_triage.py:30",
)


def steady() -> list[Owner]:
    """Six tests that cost what they cost: 0.0068 + 0.0069 + 0.0070 + 0.0071 + 0.0073 + 0.0074 = 0.0425."""
    return [
        Owner(
            id=f"tests/test_search.py::test_answer_{number}",
            before=cost,
            after=cost,
            place=f"tests/test_search.py:{10 * number + 8}",
            model=SONNET,
            feature="search",
        )
        for number, cost in enumerate(("0.0068", "0.0069", "0.0070", "0.0071", "0.0073", "0.0074"))
    ]


RUN_UP = increase("run", "", ("0.0588", "0.0813"), "15", 12)
REFUND_UP = increase("test", REFUND.id, ("0.01", "0.0275"), "25", 13)
# 50,000 and 120,000 requests at $0.0063 and $0.0088; 12,000 and 30,000 at $0.01 and $0.0275.
MONTHS = [month("triage", 50_000, ("315", "440")), month("support", 12_000, ("120", "330"))]
MONTHS += [month("triage", 120_000, ("756", "1056"), "heavy"), month("support", 30_000, ("300", "825"), "heavy")]
MOVED = [REFUND, TRIAGE, ESCALATE, *steady()]
SPARED = [spared(ESCALATE.id, "new"), spared(TRIAGE.id, "ignore_below", "0.005")]
OVER = Report(owners=MOVED, outcome="over", breaches=[RUN_UP, REFUND_UP], projection=MONTHS, spared=SPARED)
LOCK = {"source": "claude-budget.lock.json", "kind": "lock", "commit": None}


def site(file: str, function: str, line: int | None, change: str, owners: int) -> Document:
    return {"file": file, "function": function, "line": line, "change": change, "owners": owners}


SITES = [
    site("helpdesk/replies.py", "Desk.reply", 42, "0.0175", 1),
    site("helpdesk/triage.py", "triage", 18, "0.0025", 1),
    site("helpdesk/old.py", "summary", None, "-0.0004", 2),
    site("tests/conftest.py", "corpus", 7, "0.0001", 1),
]


def turned(owner: Owner) -> Owner:
    """The same change, the other way round."""
    return replace(
        owner, before=owner.after, after=owner.before, causes=[("calls", "-0.0175", "makes 1 call (was 3)")], calls=1
    )


def incomplete() -> Report:
    reason = "no rates for model 'claude-nova-1'"
    row = {"owner": REFUND.id, "model": "claude-nova-1", "reason": reason, "calls": 1, "kind": "unpriced"}
    return Report(
        owners=[
            replace(REFUND, after="0.01", causes=[], calls=2, at_least=True, not_known=reason, status="changed"),
            *steady(),
        ],
        outcome="incomplete",
        incomplete=[
            f"1 answer is unpriced: {reason} (in {REFUND.id}); if the name is right, say in rates.aliases which model it is"
        ],
        unpriced=[row],
    )


def exempt() -> Report:
    """Two tests of a legacy endpoint, which the lock file has marked; one of the others is 0.0025 dearer."""
    reason = "no rates for model 'claude-2.1'"
    legacy = [
        Owner(
            id=f"tests/legacy/test_old.py::test_{name}",
            before="0",
            after="0",
            status="not_known",
            at_least=True,
            before_at_least=True,
            not_known=reason,
            calls=calls,
            model="claude-2.1",
        )
        for name, calls in (("greeting", 1), ("summary", 2))
    ]
    rows = [{"owner": each.id, "model": each.model, "reason": reason, "calls": each.calls} for each in legacy]
    return Report(
        owners=[TRIAGE, *legacy, *steady()],
        unpriced=[{**row, "kind": "unpriced"} for row in rows],
        exempt=[{"owner": each.id, "calls": each.calls} for each in legacy],
    )


def silent() -> Report:
    """A mock stands where three tests called Claude; the lock file of the base has them, 0.01 and twice 0.004."""
    costs = (("refund", "0.01"), ("reply", "0.004"), ("greeting", "0.004"))
    rows = [
        Owner(id=f"tests/test_mail.py::test_{name}", before=cost, after=None, status="without_calls")
        for name, cost in costs
    ]
    return Report(owners=[*rows, *steady()], before_update=[])


def noise() -> Report:
    drift = Owner(
        id="tests/test_chat.py::test_greeting",
        before="0.0041",
        after="0.0044",
        causes=[("output", "0.0003", "output 812 → 871 tokens")],
        noise=True,
        samples=20,
        live=True,
        place="tests/test_chat.py:9",
    )
    return Report(owners=[drift, *steady()])


def hostile() -> Report:
    """Names that would like to be more than names."""
    names = [
        "tests/test_a.py::test_x[<img src=x onerror=alert(1)>]",
        "tests/test_a.py::test_x[a|b|c\\|d]",
        "tests/test_a.py::test_x[@everyone and @org/team]",
        "tests/test_a.py::test_x[`code` and ``` fence]",
        "tests/test_a.py::test_x[https://evil.example/?q=1 www.evil.example a@evil.example]",
        "tests/test_a.py::test_x[#123 GH-1 5f9d731deadbeef org/repo#9 :tada:]",
        "tests/test_a.py::test_x[<!-- claude-budget --> </details>]",
        "tests/test_a.py::test_x[\x1b[31mred\x1b[0m \u202egnp.exe\u202c a\u200bb \r\n| new | row |]",
        "tests/test_a.py::test_x[[link](https://evil.example) ![image](x)]",
        "tests/test_a.py::test_x[" + "long " * 200_000 + "]",
        "**bold** $x$ ~~gone~~ \\",
        "`",
        "",
    ]
    owners = [
        Owner(
            id=name,
            before="0.01",
            after=f"0.0{20 + number}",
            causes=[("model", f"0.0{10 + number}", f"model {name} → @claude #1 https://evil.example <b>x</b>")],
            place="" if number % 2 else f"{name}:3",
            model=name,
            feature=name,
        )
        for number, name in enumerate(names)
    ]
    over = [
        breach("test", "max_increase", "100.0%", "25%", f"a.yml:1: {name}: {name} costs more @all") for name in names
    ]
    over = [{**each, "name": name, "where": f"{name}:1"} for each, name in zip(over, names, strict=True)]
    return Report(
        owners=owners,
        outcome="over",
        breaches=over,
        baseline={"source": "git:<b>@everyone|`main", "kind": "git", "commit": "5f9d731"},
        projection=[{**month(name, 10, ("1", "2")), "scenario": name} for name in names],
        narrowed="-k <script>",
        notes=[{"text": name, "calls": 1} for name in names],
        incomplete=names,
    )


def many() -> Report:
    """5,000 tests whose model became a dearer one.

    After: 5 times the sum of 0.006000 to 0.006999, 5 * (6 + 0.4995) = 32.4975; before 5,000 * 0.002 = 10.
    """
    owners = [
        Owner(
            id=f"tests/suite_{number // 100:02}/test_cases.py::test_case_with_a_long_name[{number:04}]",
            before="0.002",
            after=f"0.00{6000 + number % 1000}",
            causes=[("model", f"0.00{4000 + number % 1000}", "model claude-haiku-4-5 → claude-sonnet-4-6")],
            place=f"tests/suite_{number // 100:02}/test_cases.py:{number + 1}",
            model=SONNET,
        )
        for number in range(5000)
    ]
    over = dearer("run", "", "32.4975", "20", 4)
    up = increase("run", "", ("10", "32.4975"), "15", 12)
    return Report(owners=owners, outcome="over", budget="20", breaches=[over, up])


def gone() -> Sequence[Owner]:
    old = [
        Owner(id=f"tests/test_old.py::test_{name}", before=before, after=None, status=status)
        for name, before, status in (
            ("import", "0.0375", "removed"),
            ("export", "0.0125", "removed"),
            ("slow_path", "0.0200", "deselected"),
        )
    ]
    return [TRIAGE, *steady(), *old]


def failed() -> Report:
    """A test that failed before its calls: 0.01 of the baseline is not compared, and the other change counts."""
    owners = [replace(REFUND, after="0.00", causes=[], calls=0, not_known="the test failed", status="changed"), TRIAGE]
    steps = [f"make {REFUND.id} pass"]
    return Report(owners=[*owners, *steady()], ended="failed", failed=[REFUND.id], baseline=LOCK, before_update=steps)


def capped() -> Report:
    """A call had no room under the cap, and its test failed by that."""
    report = failed()
    live = [replace(each, live=True) for each in report.owners]
    live[0] = replace(live[0], not_known="a call of it was refused")
    said = ["the cap of $0.06 refused calls of 1 test"]
    return replace(report, owners=live, outcome="over", capped=said, refused=[REFUND.id])


def stopped() -> Report:
    """After a failure, with -x: one test failed, two were not reached, and what ran did not move."""
    left = [replace(one, after=None, status="not_reached") for one in (TRIAGE, REFUND)]
    reason = "the run stopped early: 2 tests were not reached (first tests/test_support.py::test_refund)"
    return Report(
        owners=[*steady()[:5], replace(steady()[5], after="0.00", calls=0, not_known="the test failed"), *left],
        outcome="incomplete",
        incomplete=[reason],
        unfinished=[reason],
        ended="failed",
        failed=[steady()[5].id],
        not_reached=[one.id for one in left],
        baseline=LOCK,
    )


def uncollected() -> Report:
    """An import error, before any test."""
    reason = "tests/test_support.py could not be collected"
    return Report(
        owners=[],
        baseline=None,
        outcome="incomplete",
        incomplete=[reason],
        unfinished=[reason],
        ended="interrupted",
        broken=["tests/test_support.py"],
        narrowed=NOTHING_RAN,
    )


def busy() -> Report:
    """Fifty tests moved for six reasons and are over nine limits, and a month has four scenarios.

    At $1 a million tokens of input, $5 of output and $0.10 read from the cache; Sonnet is three times as dear:
    24 tests on another model 24 * 0.002 = 0.048, calls 5 * 0.0015 = 0.0075, system prompts 0.0001 to 0.0010 = 0.0055 in
    ten tests, three new ones of 0.002 = 0.006, 500 tokens that the cache had 6 * 500 * 0.0000009 = 0.0027, and a token
    less of output -2 * 0.000005 = -0.00001: 0.06969 more than 0.1075 (24 * 0.001 + 5 * 0.0015 + 6 * 0.002 + 2 * 0.002 +
    10 * 0.006), which is 64.9%; 0.17719 in all. A month is the mean of the ten replies, 0.06 / 10 and 0.0655 / 10, times
    its requests; the cheapest is 0.0061 and the dearest 0.007.
    """
    made = [
        (24, "0.001", "0.003", "model", "model claude-haiku-4-5 → claude-sonnet-4-6", "triage"),
        (5, "0.0015", "0.003", "calls", "makes 2 calls (was 1)", "refunds"),
        (6, "0.002", "0.00245", "cache", "cache reads 500 → 0: the tools block changed", "search"),
        (2, "0.002", "0.001995", "output", "output 101 → 100 tokens", "digest"),
    ]
    owners = [
        Owner(
            id=f"tests/test_{feature}.py::test_{kind}_{number}",
            before=before,
            after=after,
            causes=[(kind, to_json(Decimal(after) - Decimal(before)), text)],
            place=f"tests/test_{feature}.py:{number + 3}",
            feature=feature,
            model=SONNET if kind == "model" else HAIKU,
            calls=2 if kind == "calls" else 1,
            cache_read=0 if kind == "cache" else 5000,
        )
        for count, before, after, kind, text, feature in made
        for number in range(count)
    ]
    replies = [
        (f"tests/test_replies.py::test_system_{number}", Decimal(60 + number) / 10000) for number in range(1, 11)
    ]
    owners += [
        Owner(
            id=name,
            before="0.006",
            after=to_json(after),
            causes=[("system", to_json(after - Decimal("0.006")), f"system prompt +{100 * number:,} tokens")],
            feature="replies",
        )
        for number, (name, after) in enumerate(replies, 1)
    ]
    owners += [Owner(id=f"tests/test_new.py::test_new_{number}", before=None, after="0.002") for number in range(3)]
    tests = {kind: [owner.id for owner in owners if f"::test_{kind}_" in owner.id] for kind in ("model", "calls")}
    over = [
        dearer("run", "", "0.17719", "0.15", 4),
        increase("run", "", ("0.1075", "0.17719"), "15", 12),
        *(increase("test", name, ("0.001", "0.003"), "25", 13) for name in tests["model"]),
        *(increase("test", name, ("0.0015", "0.003"), "25", 13) for name in tests["calls"]),
        *(dearer("test", name, to_json(after), "0.006", 6) for name, after in replies),
        increase("feature", "triage", ("0.024", "0.072"), "5", 20, "triage"),
        increase("feature", "search", ("0.012", "0.0147"), "5", 21, "search"),
        increase("feature", "refunds", ("0.0075", "0.015"), "5", 22, "refunds"),
        dearer("projection", "average", "327.5", "310", 30),
        dearer("projection", "heavy", "786", "750", 31),
    ]
    months = [
        month("replies", 20_000, ("120", "131"), "light", ("122", "140", 10)),
        month("replies", 50_000, ("300", "327.5"), "average", ("305", "350", 10)),
        month("replies", 120_000, ("720", "786"), "heavy", ("732", "840", 10)),
        month("replies", 100_000, ("600", "655"), "double", ("610", "700", 10)),
    ]
    new = [spared(owner.id, "new") for owner in owners if owner.before is None]
    return Report(owners=owners, outcome="over", budget="0.15", breaches=over, projection=months, spared=new)


KNOWN = dearer("test", "tests/test_search.py::test_answer_5", "0.0074", "0.007", 6)
NEAR = dearer("run", "", "0.0813", "0.10", 4)
FEW = [TRIAGE, *steady()]

LOOP = Lever(
    kind="conversation-uncached",
    feature="support",
    model=HAIKU,
    calls=3,
    tests=1,
    shown_by=(Shown(owner=REFUND.id, calls=3),),
    paid=Decimal("0.0275"),
    # 8,000 x -0.25, then 8,000 x 0.9 - 500 x 0.25 and 8,500 x 0.9 - 500 x 0.25, a million: 0.0126
    saving=Saving(low=Decimal("0.0126"), high=Decimal("0.0126")),
    month=(Month(scenario="average", requests_per_month=50_000, saving=Saving(low=Decimal(630), high=Decimal(630))),),
    text="1 conversation sends again at full price what was said before: 16,500 of 25,500 input tokens, in 3 calls",
    do="mark the end of each request with cache_control",
)
CUT = Lever(
    kind="cut-answers",
    feature="triage",
    model=HAIKU,
    calls=1,
    tests=1,
    shown_by=(Shown(owner=TRIAGE.id, calls=1),),
    paid=Decimal("0.0088"),
    month_unknown="what a cut answer leads to in production is not known",
    text="1 answer was cut off by max_tokens: paid in full and of little use; none was asked for again",
    do="raise max_tokens, which costs nothing by itself, or ask for shorter answers",
)
SCENES: dict[str, Report] = {
    "no-change": Report(owners=steady()),
    "first-run": Report(owners=MOVED, baseline=None),
    "first-run-unjudged": Report(owners=MOVED, baseline=None, judged=False, outcome="unjudged"),
    "up": Report(owners=FEW, baseline=LOCK),
    "down": Report(
        owners=[turned(REFUND), *steady()], baseline=LOCK, projection=[month("support", 12_000, ("330", "120"))]
    ),
    "over": OVER,
    "incomplete": incomplete(),
    "exempt": exempt(),
    "silent": silent(),
    "warned": Report(owners=MOVED, outcome="warned", warnings=[NEAR]),
    "renamed": Report(
        owners=[
            Owner(
                id="tests/test_refunds.py::test_refund",
                before="0.01",
                after="0.01",
                status="renamed",
                was=REFUND.id,
                feature="support",
            ),
            *steady(),
        ],
        baseline=LOCK,
    ),
    "not-run": Report(owners=gone(), narrowed="-k"),
    "noise": noise(),
    "hostile": hostile(),
    "many": many(),
    "no-calls": Report(owners=[], baseline=None),
    "known": Report(owners=FEW, outcome="warned", known=[KNOWN]),
    "accepted": replace(
        OVER, outcome="warned", breaches=[], warnings=[RUN_UP, REFUND_UP], accepted="label claude-cost-accepted"
    ),
    "failed": failed(),
    "capped": capped(),
    "stopped": stopped(),
    "uncollected": uncollected(),
    "busy": busy(),
    "levers": Report(owners=MOVED, levers=lever_entries((LOOP, CUT))),
    "in-code": replace(OVER, sites=SITES),
    "price-change": Report(owners=[turned(REFUND), TRIAGE, *steady()], price_change="0.0042", outcome="within"),
}


def document(name: str) -> Document:
    """The JSON report of a scene, of which a test may change what it likes."""
    return deepcopy(SCENES[name].document())
