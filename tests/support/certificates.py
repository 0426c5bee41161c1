"""Certificates for tests of TLS."""

import subprocess
from pathlib import Path

from support.facilities import require_command


def make_certificates(directory: Path) -> None:
    """An authority, a server's certificate for 127.0.0.1 and a client's, by openssl."""
    openssl = require_command("openssl")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=directory, check=True, capture_output=True, timeout=60)

    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run(*new, "-x509", "-days", "2", "-subj", "/CN=pier test authority", "-keyout", "ca.key", "-out", "ca.crt")
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name, certificate, extra in (("server", "server.crt", ("-extfile", "names")), ("client", "client.cert", ())):
        run(*new, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        sign = ("x509", "-req", "-days", "2", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial")
        run(*sign, "-in", f"{name}.csr", "-out", certificate, *extra)
