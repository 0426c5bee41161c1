"""Images: what `docker pull`, `load`, `save`, `images`, `tag` and `rmi` mean.

May import pier.domain, pier.oci, pier.dockerfile and pier.engine.ports. containerd is the truth about images: names are
its image records, layers its content and snapshots; this package keeps nothing but caches of what cannot change.
"""
