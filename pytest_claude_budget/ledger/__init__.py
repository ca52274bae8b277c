"""Where calls are kept until the run is reported."""
