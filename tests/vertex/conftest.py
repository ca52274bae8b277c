"""Google's own client for Vertex has an environment of its own: `nox --session vertex`."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("google") and find_spec("google.cloud.aiplatform_v1") else ["test_grpc.py"]
