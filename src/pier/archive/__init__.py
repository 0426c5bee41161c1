"""Adapter: tar archives as streams, in and out, and the compressions around them.

May import pier.domain, pier.oci, pier.config and the standard library. Nothing here touches a file system: an archive
that a client sends is hostile until proven otherwise, and what is never unpacked to disk cannot escape.
"""
