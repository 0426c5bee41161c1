from pathlib import Path

from pier.cli.parser import Parser
from pier.cli.startup import GLOBAL_FLAGS, TLS_FLAGS
from pier.cli.tls_files import choose_files
from pier.client.address import TlsFiles


def chosen(line: str, folder: Path, **environ: str) -> TlsFiles | None:
    values, _ = Parser(GLOBAL_FLAGS, interspersed=False).read(line.split())
    given = {name: values.as_dict()[name] for name in TLS_FLAGS if values.given(name)}
    return choose_files(given, environ, str(folder))


def shown(files: TlsFiles | None) -> tuple[str, str, str, bool] | None:
    return None if files is None else (files.ca, files.certificate, files.key, files.verify)


def test_tls_is_spoken_only_where_it_is_asked_for(tmp_path: Path) -> None:
    assert chosen("-H tcp://x", tmp_path) is None
    assert shown(chosen("--tls", tmp_path)) == ("", "", "", False)
    assert shown(chosen("--tlsverify", tmp_path)) == ("", "", "", True)
    assert shown(chosen("", tmp_path, DOCKER_TLS_VERIFY="1")) == ("", "", "", True)
    assert shown(chosen("--tlsverify=false", tmp_path, DOCKER_TLS_VERIFY="1")) == ("", "", "", False)
    assert shown(choose_files({}, {"DOCKER_TLS": "1"}, "")) == ("", "", "", False)


def test_files_are_those_of_the_flags_or_where_docker_keeps_them(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).touch()
    ca, cert, key = (str(tmp_path / name) for name in ("ca.pem", "cert.pem", "key.pem"))
    assert shown(chosen("--tlsverify", tmp_path)) == (ca, cert, key, True)
    assert shown(chosen("--tls --tlscacert /other", tmp_path)) == ("/other", cert, key, False)
    elsewhere = chosen("--tls", Path("/absent"), DOCKER_CERT_PATH=str(tmp_path))
    assert shown(elsewhere) == (ca, cert, key, False)
