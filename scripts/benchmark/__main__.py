"""`python -m benchmark`, with scripts/ in PYTHONPATH."""

import sys

from benchmark.run import main

sys.exit(main(sys.argv[1:]))
