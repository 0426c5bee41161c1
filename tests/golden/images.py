"""Images and their list, history and removal."""

from golden.scenario import scenario
from golden.subject import FULL_IMAGE, IMAGE, Subject, filters

VERSIONS = ("1.24", "1.41", "1.44", "1.49", "1.51")


@scenario
def image_shapes(s: Subject) -> None:
    for version in VERSIONS:
        s.record_get(f"plain {version}", f"/v{version}/images/{IMAGE}/json")
        s.record_get(f"full {version}", f"/v{version}/images/{FULL_IMAGE}/json")
        rows = s.must("GET", f"/v{version}/images/json?{filters(label=['golden'])}")
        s.record(f"list {version}", sorted(rows, key=lambda row: str(row["RepoTags"])))
    s.record_get("history", f"/images/{FULL_IMAGE}/history")
    s.record_get("history 1.24", f"/v1.24/images/{FULL_IMAGE}/history")
    s.record("no image", s.must("GET", f"/images/json?{filters(reference=['golden/nothing'])}"))


@scenario
def image_verbs(s: Subject) -> None:
    """Tags that come and go; an image with two tags, then none."""
    s.record_reply("tag", s.call("POST", f"/images/{FULL_IMAGE}/tag?repo=golden/other&tag=2"))
    seen = s.must("GET", "/images/golden/other:2/json")
    s.record("two tags", sorted(seen["RepoTags"]))
    s.record_reply("untag", s.call("DELETE", "/images/golden/other:2"))
    container = s.create("user", Image=FULL_IMAGE)
    s.record_reply("in use", s.call("DELETE", f"/images/{FULL_IMAGE}"))
    s.record_reply("by id in use", s.call("DELETE", f"/images/{seen['Id']}"))
    s.must("DELETE", f"/containers/{container}?v=1")
    s.record_reply("removed", s.call("DELETE", f"/images/{FULL_IMAGE}"))
    s.record_reply("prune", s.call("POST", f"/images/prune?{filters(label=['golden=nothing'])}"))
    commit = s.create("commit", Cmd=["true"])
    reply = s.call("POST", f"/commit?container={commit}&repo=golden/commit&tag=1&comment=why&author=me")
    s.record_reply("commit", reply)
    try:
        s.record_get("committed", "/images/golden/commit:1/json")
        s.record_get("history of committed", "/images/golden/commit:1/history")
        s.must("DELETE", f"/containers/{commit}")
    finally:
        s.record_reply("remove committed", s.call("DELETE", "/images/golden/commit:1"))
