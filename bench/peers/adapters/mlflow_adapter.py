"""mlflow: its automatic traces of the Anthropic SDK, and the cost that a trace states."""

import os
import tempfile
from typing import Any

os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{tempfile.mkdtemp()}/mlflow.db"

import anthropic
import mlflow
from common import told

mlflow.anthropic.autolog()


def charge(case: dict[str, Any], base: str) -> Any:
    client = anthropic.Anthropic(base_url=base, api_key="k", max_retries=0)
    asked: dict[str, Any] = {"model": case["model"], "max_tokens": 300}
    asked["messages"] = [{"role": "user", "content": "Hello"}]
    if case["name"] == "stream":
        with client.messages.stream(**asked) as stream:
            stream.get_final_message()
    else:
        client.messages.create(**asked)
    mlflow.flush_trace_async_logging()
    trace = mlflow.get_trace(mlflow.get_last_active_trace_id())
    return trace.info.cost and trace.info.cost["total_cost"]


told(charge)
