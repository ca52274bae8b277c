"""The tools that are asked, in the releases that were current on the day of `cases.py`."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One tool, and what it needs beside itself."""

    name: str
    version: str
    adapter: str
    """The file below `adapters/`: .py runs in an environment of Python, .mjs on Node."""
    needs: tuple[str, ...] = ()
    beside: str = ""
    """What the table says behind the version."""

    @property
    def key(self) -> str:
        """The folder of its environment."""
        return f"{self.name}-{self.version}" + (f"-{self.beside.replace(' ', '-')}" if self.beside else "")

    @property
    def title(self) -> str:
        """As the table has it."""
        return f"{self.name} {self.version}" + (f", {self.beside}" if self.beside else "")


ANTHROPIC = "anthropic==2.14.0"
TOOLS = (
    Tool(name="litellm", version="1.110.2", adapter="litellm_adapter.py"),
    Tool(name="genai-prices", version="0.2.3", adapter="genai_prices_adapter.py"),
    Tool(name="pydantic-ai-slim", version="2.68.0", adapter="pydantic_ai_adapter.py", needs=(ANTHROPIC,)),
    Tool(name="claude-agent-sdk", version="0.2.189", adapter="claude_agent_sdk_adapter.py"),
    Tool(name="ezop-agentcost", version="0.1.0", adapter="ezop_adapter.py"),
    Tool(name="mlflow", version="3.17.2", adapter="mlflow_adapter.py", needs=(ANTHROPIC,)),
    Tool(
        name="mlflow",
        version="3.17.2",
        adapter="mlflow_adapter.py",
        needs=(ANTHROPIC, "litellm==1.110.2"),
        beside="with litellm beside it",
    ),
    Tool(name="ccusage", version="20.0.24", adapter="ccusage_adapter.mjs"),
    Tool(name="promptfoo", version="0.123.1", adapter="promptfoo_adapter.mjs"),
    Tool(
        name="ai-sdk-cost-calculator",
        version="7.1.14",
        adapter="ai_sdk_cost_calculator_adapter.mjs",
        needs=("ai@6.0.326", "@ai-sdk/anthropic@3.0.140"),
    ),
    Tool(name="inspect-ai", version="0.3.285", adapter="inspect_adapter.py", needs=(ANTHROPIC,), beside="rates given"),
    Tool(
        name="openlit",
        version="1.45.0",
        adapter="openlit_adapter.py",
        needs=("anthropic==0.125.0",),
        beside="rates given",
    ),
    Tool(
        name="arize-phoenix",
        version="20.26.1",
        adapter="phoenix_adapter.py",
        needs=("anthropic==1.17.0", "openinference-instrumentation-anthropic==3.1.0"),
    ),
    Tool(name="deepeval", version="4.3.1", adapter="deepeval_adapter.py", needs=(ANTHROPIC,)),
    Tool(name="agentcost", version="0.3.1", adapter="agentcost_adapter.py"),
    Tool(name="tokencost", version="0.1.26", adapter="tokencost_adapter.py"),
)
