from pier.api.translate.events import describe_event
from pier.domain.event import Event
from pier.wire.shape import UNSET, compact

EVENT = Event(type="container", action="die", actor_id="c", attributes={"image": "i"}, time=1_500_000_000)


def test_legacy_keys_of_containers() -> None:
    event = describe_event(EVENT, 51)
    assert (event.status, event.id, event.origin) == ("die", "c", "i")
    assert (event.time, event.time_nano) == (1, 1_500_000_000)


def test_legacy_keys_end_with_1_52() -> None:
    event = describe_event(EVENT, 52)
    assert (event.status, event.id, event.origin) == (UNSET, UNSET, UNSET)


def test_images_have_no_origin_and_networks_no_legacy_keys_at_all() -> None:
    image = compact(describe_event(Event(type="image", action="tag", actor_id="i", time=0), 51))
    assert image.startswith(b'{"status":"tag","id":"i","Type":"image"')
    network = compact(describe_event(Event(type="network", action="prune", actor_id="", time=0), 51))
    assert network.startswith(b'{"Type":"network","Action":"prune","Actor":{"ID":"","Attributes":{}}')
