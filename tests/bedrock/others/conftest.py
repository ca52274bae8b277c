"""What is not installed in this environment is asked for in another: `bedrock` and `aioboto3` are sessions of nox."""

from importlib.util import find_spec

_NEEDED = {"test_aioboto3.py": "aioboto3", "test_litellm.py": "litellm", "test_frameworks.py": "langchain_aws"}
collect_ignore = [name for name, package in _NEEDED.items() if find_spec(package) is None]
