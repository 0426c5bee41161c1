"""Commands about images. Imports `pier.client` and its siblings in `pier.cli` only."""
