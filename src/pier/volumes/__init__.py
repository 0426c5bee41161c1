"""Volumes: the local driver, and drivers that are programs of their own behind Docker's volume plugin protocol.

An adapter: imports `domain` alone.
"""
