"""Commands about the engine as a whole: version, info, events. Imports `pier.client` and its siblings only."""
