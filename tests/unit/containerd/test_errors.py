"""Statuses and refusals become kinds."""

import time

import grpc
import pytest
from grpc.aio import AioRpcError, Metadata, UsageError

from pier.containerd.errors import start_failure, translated
from pier.domain.errors import (
    Conflict,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    PierError,
    ShimGone,
    StartFailed,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

CREATE = "failed to create shim task: OCI runtime create failed: "
RUNC_1_1 = CREATE + "runc create failed: unable to start container process: "
RUNC_1_3 = RUNC_1_1 + "error during container init: "
EXEC = "OCI runtime exec failed: exec failed: unable to start container process: "


def failure(code: grpc.StatusCode, details: str) -> AioRpcError:
    return AioRpcError(code, Metadata(), Metadata(), details)


@pytest.mark.parametrize(
    ("text", "exit_code"),
    [
        (RUNC_1_1 + 'exec: "nosuch": executable file not found in $PATH: unknown', 127),
        (RUNC_1_3 + 'exec: "nosuch": executable file not found in $PATH: unknown', 127),
        (EXEC + 'exec: "nosuch": executable file not found in $PATH: unknown', 127),
        (RUNC_1_1 + 'exec: "/nosuch": stat /nosuch: no such file or directory: unknown', 127),
        (RUNC_1_3 + 'exec: "/nosuch": stat /nosuch: no such file or directory', 127),
        (EXEC + 'chdir to cwd ("/nosuch") set in config.json failed: no such file or directory: unknown', 127),
        (RUNC_1_1 + "exec /script: no such file or directory: unknown", 127),
        (CREATE + "executable file `nosuch` not found in $PATH: No such file or directory: unknown", 127),
        (CREATE + "crun: open executable: No such file or directory: unknown", 127),
        ("exec container process (missing dynamic library?) `/x`: No such file or directory", 127),
        (RUNC_1_1 + 'exec: "/etc/passwd": permission denied: unknown', 126),
        (RUNC_1_3 + 'exec: "/etc": is a directory: unknown', 126),
        (EXEC + 'exec: "/etc": is a directory: unknown', 126),
        (EXEC + "exec /text: exec format error: unknown", 126),
        (CREATE + "crun: open executable: Permission denied: unknown", 126),
        (CREATE + "exec container process `/x`: Exec format error: unknown", 126),
        (RUNC_1_1 + 'error mounting "/a" to rootfs at "/b": no such file or directory: unknown', 128),
        (RUNC_1_1 + 'chdir to cwd ("/nowhere") set in config.json failed: permission denied: unknown', 128),
        (RUNC_1_1 + "unable to apply caps: operation not permitted: unknown", 128),
        (CREATE + "container with given ID already exists: unknown", 128),
        ("ttrpc: closed: unknown", 128),
    ],
)
def test_refusals_of_runc_and_crun_have_a_shells_exit_code(text: str, exit_code: int) -> None:
    assert start_failure(text) == exit_code


@pytest.mark.parametrize("name", ["exec: /", "executable file ", "exec container process ", "x"])
def test_a_program_name_of_any_length_is_judged_by_what_stands_around_it(name: str) -> None:
    before = time.process_time()
    assert start_failure(f'exec: "/{name * 20_000}": stat: no such file or directory') == 127
    assert start_failure(f'exec: "/{name * 20_000}": permission denied') == 126
    assert start_failure(f'exec: "{name * 20_000}": file name too long') == 128
    assert time.process_time() - before < 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("executable file `x` not found in $PATH: No such file or directory", "$PATH: no such file or directory"),
        ("crun: open executable: Permission denied", "open executable: permission denied"),
    ],
)
def test_crun_s_reasons_are_in_the_words_that_docker_s_cli_looks_for(text: str, told: str) -> None:
    with pytest.raises(StartFailed) as caught, translated("do it", starting="start: "):
        raise failure(grpc.StatusCode.UNKNOWN, f"{CREATE}{text}: unknown")
    assert caught.value.message.endswith(told)


@pytest.mark.parametrize(
    "text",
    [
        "failed to create shim task: ttrpc: closed: unknown",
        "failed to get task pid: ttrpc: closed: unknown",
        f"failed to start shim: start failed: dial unix /run/s/{64 * 'a'}: connect: connection refused: unknown",
    ],
)
def test_a_shim_that_is_gone_is_told_from_a_runtime_that_refuses(text: str) -> None:
    with pytest.raises(ShimGone, match=r"^start: failed to ") as caught, translated("do it", starting="start: "):
        raise failure(grpc.StatusCode.UNKNOWN, text)
    assert caught.value.exit_code == 128
    with pytest.raises(PierError) as caught_elsewhere, translated("do it"):
        raise failure(grpc.StatusCode.UNKNOWN, text)
    assert not isinstance(caught_elsewhere.value, StartFailed)


def test_a_task_in_the_making_is_told_from_what_the_runtime_could_not_make() -> None:
    text = "failed to start shim: mkdir /run/containerd/io.containerd.runtime.v2.task/pier/c1: file exists"
    with pytest.raises(Conflict, match="another call makes it"), translated("create", starting="start: "):
        raise failure(grpc.StatusCode.UNKNOWN, f"{text}: unknown")
    with pytest.raises(StartFailed), translated("create", starting="start: "):
        raise failure(grpc.StatusCode.UNKNOWN, f"{CREATE}mkdir /rootfs/x: file exists: unknown")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, InvalidArgument),
        (grpc.StatusCode.OUT_OF_RANGE, InvalidArgument),
        (grpc.StatusCode.UNAUTHENTICATED, Unauthenticated),
        (grpc.StatusCode.PERMISSION_DENIED, PermissionDenied),
        (grpc.StatusCode.NOT_FOUND, NotFound),
        (grpc.StatusCode.ALREADY_EXISTS, Conflict),
        (grpc.StatusCode.FAILED_PRECONDITION, Conflict),
        (grpc.StatusCode.UNIMPLEMENTED, Unsupported),
        (grpc.StatusCode.UNAVAILABLE, Unavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, Unavailable),
        (grpc.StatusCode.CANCELLED, Unavailable),
        (grpc.StatusCode.UNKNOWN, PierError),
        (grpc.StatusCode.INTERNAL, PierError),
    ],
)
def test_status_becomes_a_kind(code: grpc.StatusCode, kind: type[PierError]) -> None:
    with pytest.raises(PierError, match=r"^cannot do it: ") as caught, translated("do it"):
        raise failure(code, "for a reason")
    assert type(caught.value) is kind


def test_start_keeps_the_runtimes_words() -> None:
    text = RUNC_1_3 + 'exec: "nosuch": executable file not found in $PATH'
    with pytest.raises(StartFailed) as caught, translated("start", starting="failed to create task for container: "):
        raise failure(grpc.StatusCode.UNKNOWN, text + ": unknown")
    assert (caught.value.message, caught.value.exit_code) == (f"failed to create task for container: {text}", 127)


def test_start_of_an_unknown_task_is_not_found() -> None:
    with pytest.raises(NotFound), translated("start", starting=""):
        raise failure(grpc.StatusCode.NOT_FOUND, "task x: not found")


def test_lost_connection_names_the_socket_and_the_remedy() -> None:
    details = "failed to connect to all addresses; last error: UNKNOWN: unix:/run/c.sock: No such file or directory"
    with pytest.raises(Unavailable) as caught, translated("list tasks", socket="/run/c.sock"):
        raise failure(grpc.StatusCode.UNAVAILABLE, details)
    assert "/run/c.sock" in caught.value.message
    assert "is containerd running?" in caught.value.message
    assert "no such file or directory" not in caught.value.message  # docker's CLI reads that as exit code 127


def test_what_containerd_itself_calls_unavailable_is_no_lost_connection() -> None:
    with pytest.raises(Unavailable) as caught, translated("write"):
        raise failure(grpc.StatusCode.UNAVAILABLE, "ref r locked for 1s (since ...): unavailable")
    assert "is containerd running?" not in caught.value.message


def test_wrong_state_of_a_process_is_a_conflict() -> None:
    with pytest.raises(Conflict), translated("delete it"):
        raise failure(grpc.StatusCode.UNKNOWN, "failed to delete task: cannot delete a running process: unknown")


def test_closed_client_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="is closed"), translated("do it"):
        raise UsageError("Channel is closed.")


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), translated("do it"):
        raise KeyError("mine")
