"""What `scripts/bench` runs: the same work on several engines that speak the Docker API, in one run, interleaved."""
