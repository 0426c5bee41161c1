"""An engine on another host, reached by the ssh program: it runs `pier system dial-stdio` there."""

import _socket
import subprocess

from pier.client.errors import EngineUnreachable


def connect_ssh(arguments: tuple[str, ...], shown: str) -> _socket.socket:
    """A socket whose other end is the far engine. What ssh has to say goes to stderr. Raises EngineUnreachable."""
    near, far = _socket.socketpair()
    try:
        # Of its own session, so that ctrl-c at the terminal reaches the container and does not cut the line to it.
        subprocess.Popen(["ssh", *arguments], stdin=far.fileno(), stdout=far.fileno(), start_new_session=True)
    except OSError as error:
        near.close()
        message = f"cannot run ssh to reach the Pier daemon at {shown}: {error.strerror}"
        unreachable = EngineUnreachable(shown, message)
        unreachable.args = (message,)
        raise unreachable from error
    finally:
        far.close()
    return near
