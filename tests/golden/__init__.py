"""Scenarios played on dockerd once, and on Pier in every run: what each answered must be the same."""

from golden import containers, decoding, events, failures, images, networks, system

__all__ = ["containers", "decoding", "events", "failures", "images", "networks", "system"]
