"""Commands about containers, one module a verb or family, and what run and create turn their flags into.

`options` declares the flags of run and create; `request` assembles the API's create body from the modules of each theme
(ports, mounts, devices, network_options, environment, …). Imports `pier.client` and its siblings in `pier.cli` only.
"""
