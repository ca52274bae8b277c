"""A client that exists before the plugin starts: pytest loads this with `-p`, before it knows of any budget."""

from anthropic import Anthropic

CLIENT = Anthropic(api_key="none", base_url="http://127.0.0.1:9", max_retries=0)
