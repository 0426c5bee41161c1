"""Messages of containerd's API, written by scripts/gen_proto from proto/. Never edit; never import but in pier.containerd."""
