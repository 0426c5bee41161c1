"""What the entry point shares with the slow rooms (help, completion): the global flags and how Python was started."""

import sys

from pier.cli.flags import LIST, STRING, Flag

# typer's own rule for a program of this name; the shell's completion script sets it.
COMPLETION_VARIABLE = "_PIER_COMPLETE"

GLOBAL_FLAGS = (
    Flag("config", "", STRING, "Folder of the client's config.json", metavar="string"),
    Flag("context", "c", STRING, "Name of the context to use", metavar="string", completer="contexts"),
    Flag("debug", "D", help="Show the traceback of an unexpected failure"),
    Flag(
        "host", "H", LIST, "Address of the engine: unix:///path, tcp://host:port or ssh://user@host", metavar="string"
    ),
    Flag("log-level", "l", STRING, "Level of the client's messages (debug, info, warn, error, fatal)", default="info"),
    Flag("tls", help="Use TLS on tcp:// addresses"),
    Flag("tlscacert", "", STRING, "Trust certificates signed by this CA only (default ~/.docker/ca.pem)"),
    Flag("tlscert", "", STRING, "TLS certificate of the client (default ~/.docker/cert.pem)"),
    Flag("tlskey", "", STRING, "TLS key of the client (default ~/.docker/key.pem)"),
    Flag("tlsverify", help="Use TLS and check the engine's certificate"),
    Flag("version", "v", help="Print the version and quit"),
)
LOG_LEVELS = ("panic", "fatal", "error", "warn", "warning", "info", "debug", "trace")
TLS_FLAGS = ("tls", "tlscacert", "tlscert", "tlskey", "tlsverify")


def enable_site_packages() -> None:
    """Make typer importable where the launcher started Python with -S, which everyday commands are faster by."""
    if sys.flags.no_site:
        import site

        site.main()
