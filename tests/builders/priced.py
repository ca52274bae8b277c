"""Answers as short as a test wants them, and their price on a fixed day."""

from datetime import date
from decimal import Decimal
from typing import Any

from pytest_claude_budget.base.money import exact
from pytest_claude_budget.calls.call import Answer, Iteration, Status, Usage
from pytest_claude_budget.files.read_write import load_rates_document
from pytest_claude_budget.pricing.price import Price, explain_price, price
from pytest_claude_budget.pricing.rates import parse_rates

TODAY = date(2026, 11, 23)
TABLE = parse_rates(load_rates_document())


def answer(model: str | None, usage: Usage = Usage(), **more: Any) -> Answer:
    return Answer(**({"status": Status.MEASURED, "endpoint": "messages", "model": model, "usage": usage} | more))


def prompt(input_tokens: int, output_tokens: int = 0) -> Usage:
    return Usage(input_tokens=input_tokens, output_tokens=output_tokens)


def entry(kind: str, model: str | None, usage: Usage) -> Iteration:
    return Iteration(kind=kind, model=model, usage=usage)


def priced(told: Answer, day: date = TODAY) -> Price:
    """The price, which its explanation must agree with."""
    explained = explain_price(told, day, TABLE)
    cost = price(told, day, TABLE)
    assert cost == explained.price
    if cost.amount is not None:
        with exact():
            assert cost.amount == sum((term.amount for term in explained.terms), Decimal(0))
    return cost


def dollars_of(told: Answer, day: date = TODAY) -> Decimal | None:
    return priced(told, day).amount
