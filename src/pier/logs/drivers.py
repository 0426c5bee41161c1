"""The drivers that keep a log in files, by name: how each writes and reads them."""

from collections.abc import Mapping

from pier.logs.formats import Encoder, Format
from pier.logs.jsonfile import JsonLines
from pier.logs.jsonformat import JsonFormat
from pier.logs.localfile import LocalLines
from pier.logs.localformat import LocalFormat
from pier.logs.options import LOCAL, FileOptions


def format_of(options: FileOptions) -> Format:
    """How to read what such options write."""
    return LocalFormat() if options.driver == LOCAL else JsonFormat()


def encoder_for(options: FileOptions, attributes: Mapping[str, str]) -> Encoder:
    """The writer of one process; `attributes` go into every record where the format has room for them."""
    return LocalLines() if options.driver == LOCAL else JsonLines(attributes)
