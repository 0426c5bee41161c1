"""pierd killed at every moment: a workload, named points at which it dies, and what must hold after each death."""
