"""Writes OCI documents from domain values: runtime specs, processes, image manifests and configs; and reads images.

Pure: it imports pier.domain and the standard library's pure modules, and touches no file, socket or clock, so that
every rule of a container's isolation can be tested without a container. Facts about the host come in as HostFacts.
"""
