"""`scripts/bench --growth`: how run, start, ps, inspect and memory grow with what an engine holds."""
