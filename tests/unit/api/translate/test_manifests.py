from fakes.containers import an_image

from pier.api.translate.manifests import describe_descriptor, describe_variants
from pier.domain.image import Descriptor, Platform
from pier.engine.images.variants import Variant
from pier.wire.shape import compact


def test_descriptor_of_an_index_entry() -> None:
    descriptor = Descriptor(
        media_type="m", digest="sha256:1", size=7, annotations={"a": "b"}, platform=Platform(architecture="arm")
    )
    assert compact(describe_descriptor(descriptor)) == (
        b'{"mediaType":"m","digest":"sha256:1","size":7,"annotations":{"a":"b"},'
        b'"platform":{"architecture":"arm","os":"linux"}}'
    )


def test_platform_of_which_nothing_is_here() -> None:
    absent = Variant(
        descriptor=an_image().manifest,
        kind="image",
        is_available=False,
        content_size=0,
        platform=Platform(architecture="s390x"),
    )
    [summary] = describe_variants([absent], lambda _: ())
    assert (summary.available, summary.size.total) == (False, 0)
    assert b'"ImageData":{"Platform":{"architecture":"s390x","os":"linux"},"Containers":[]' in compact(summary)
