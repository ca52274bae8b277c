"""`data/rates.generated.json`, made from `data/rates.yml`: `make rates` writes it, and a test compares the two."""

import json
from decimal import Decimal

from pytest_claude_budget.files.read_write import package_data, read_yaml

RATES_JSON = package_data("rates.generated.json")


def made_from_yaml() -> str:
    """The document as it has to be: numbers as they are written in YAML, one model a line."""
    document = read_yaml(package_data("rates.yml"), "rates.yml").value
    models = ",\n".join(f"{_text(name)}: {_text(model)}" for name, model in document["models"].items())
    others = "".join(f"{_text(key)}: {_text(value)},\n" for key, value in document.items() if key != "models")
    return f'{{\n{others}"models": {{\n{models}\n}}\n}}\n'


def _text(value: object) -> str:
    """JSON in which a decimal number keeps its digits."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)}: {_text(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return f"{value:f}" if isinstance(value, Decimal) else json.dumps(value)


if __name__ == "__main__":
    RATES_JSON.write_text(made_from_yaml(), encoding="utf-8")
