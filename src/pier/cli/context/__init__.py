"""Contexts: the engines that this client knows by name, in docker's own store below the folder of config.json."""
