import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier.wire.frames import FrameReader, frame


def test_a_frame_is_eight_bytes_and_the_payload() -> None:
    assert frame(2, b"abc") == b"\x02\x00\x00\x00\x00\x00\x00\x03abc"


@given(st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=50)), max_size=8), st.integers(1, 9))
def test_frames_survive_being_cut_anywhere(frames: list[tuple[int, bytes]], step: int) -> None:
    data = b"".join(frame(stream, payload) for stream, payload in frames)
    reader = FrameReader()
    read = [item for start in range(0, len(data), step) for item in reader.feed(data[start : start + step])]
    assert read == frames
    assert reader.pending == 0


@pytest.mark.parametrize("data", [b"\x04\x00\x00\x00\x00\x00\x00\x01x", b"plain text"])
def test_what_is_no_frame_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="no multiplexed stream"):
        list(FrameReader().feed(data))
