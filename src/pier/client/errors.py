"""What can go wrong between a client and the engine.

ClientError
├── AddressError        the address cannot be used (bad text, or a transport that is not supported yet)
├── EngineUnreachable   nobody answers at the address
├── ProtocolError       the peer does not speak HTTP/1.1 as expected, or hung up in the middle of an answer
└── ApiError            the engine answered with an error status and a message
"""


class ClientError(Exception):
    """Any failure of a request to the engine; its text is one sentence for a person."""


class AddressError(ClientError):
    """The engine's address cannot be used."""


class EngineUnreachable(ClientError):
    """No connection could be made; `address` is the text the user would know."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"Cannot connect to the Pier daemon at {address}. Is pierd running?")
        self.address = address
        self.reason = reason


class ProtocolError(ClientError):
    """The answer is not HTTP/1.1 as the Engine API uses it, or it ended too early."""


class ApiError(ClientError):
    """The engine refused; `status` is the HTTP status and `message` its own sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
