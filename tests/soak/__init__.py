"""Whether pierd stays as small as it was, after thousands of containers and of clients that come, stall and vanish."""
