"""genai-prices: its own reading of the response, then its price for the day, in a context with speed, service tier and geography."""

from typing import Any

from common import told
from genai_prices import extract_usage


def charge(case: dict[str, Any], base: str) -> Any:
    """Of a stream there is no reader."""
    if case["name"] == "stream":
        raise NotImplementedError("reads no streams")
    provider = "aws" if case["name"] == "regional" else "anthropic"
    if provider == "aws":
        from genai_prices import Usage, calc_price

        used = case["usage"]
        usage = Usage(input_tokens=used["input_tokens"], output_tokens=used["output_tokens"])
        return calc_price(usage, case["model"], provider_id="aws").total_price
    told_of_it = {key: value for key, value in case["usage"].items() if isinstance(value, str)}
    return extract_usage(case["message"], provider_id=provider).calc_price(price_context=told_of_it).total_price


told(charge)
