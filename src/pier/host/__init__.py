"""Facts and files of this host that belong to no other adapter: cgroups, /proc, devices, users, a container's files.

An adapter: it imports pier.domain and pier.oci (pure facts such as capability names) and talks to the kernel, by the
standard library and a few system calls through ctypes. Everything that may block runs in a thread.
"""
