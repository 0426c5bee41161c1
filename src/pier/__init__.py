"""Pier: a container engine over a stock containerd that speaks the Docker Engine API."""

__version__ = "0.1.0"
