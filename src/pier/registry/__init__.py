"""Adapter: remote registries over HTTP (OCI distribution-spec).

May import pier.domain, pier.oci, pier.config and aiohttp, which is imported at the first request only: it costs
start-up time and memory that an engine without pulls need not pay.
"""
