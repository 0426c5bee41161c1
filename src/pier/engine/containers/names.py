"""Names for containers that were given none: an adjective and a harbour word, as `quiet_lantern`."""

import random
from collections.abc import Callable

_ADJECTIVES = """
    amber brave brisk calm clear copper crisp deep eager early fair fast firm fresh gentle glad golden green
    happy hardy honest jolly keen kind light lively loyal lucky mellow merry mild misty neat nimble noble
    patient plain polite proud quick quiet ready round salty sharp silent silver smart smooth snug solid steady
    still stout sunny swift tidal tidy upright vivid warm wise witty young
"""
_NOUNS = """
    anchor bay beacon bell boat bollard bow breeze buoy cabin canal cape captain cargo channel cliff coast
    compass coral crane crew current deck dock dolphin dune ferry fjord gale galley gull harbor heron hull inlet
    island jetty kayak keel kite lagoon lantern lighthouse lock lugger mast moorage otter paddle pelican pilot
    port quay raft reef rigging rudder sail sandbar schooner seal shoal shore sloop spray starfish strait tide
    trawler wave wharf
"""


def propose(is_taken: Callable[[str], bool]) -> str:
    """A name that is free; with a number behind it once the pairs get scarce."""
    for attempt in range(64):
        name = f"{random.choice(_ADJECTIVES.split())}_{random.choice(_NOUNS.split())}"
        if attempt >= 6:
            name += str(random.randrange(10, 10**attempt if attempt < 12 else 10**12))
        if not is_taken(name):
            return name
    raise AssertionError("unreachable: a trillion names are taken")
