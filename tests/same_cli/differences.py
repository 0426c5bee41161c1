"""Where `pier` does otherwise than the stock docker CLI 28.2, and why.

A test fails on a difference that is not here, and on one of these that no longer occurs.
"""

from golden.compare import Difference

_EMPTY = "an empty value in a query or header is the same as none"
_ONE_LESS = "Pier asks the engine no more than it needs to: what is not there, or does not run, the next request tells"
_WAIT = "a detached run needs no answer to wait for"
_ORDER = "Pier looks at the container first, and waits only for one that runs; both ask before they attach"
_KEYS = "Pier refuses detach keys that cannot be typed at once; docker ignores them without a terminal"
_TYPE = "Pier says that what it sends is a tar archive"
_HINT = "Pier says more: what exactly is wrong, or what to do"
_GO = "Go's own words: the name of a parser, of a type, or a place in a template"
_STRUCT = "Go prints a struct without the names of its fields; Pier prints what the engine sent"
_EARLY = "Pier refuses what docker hands on without a look, or drops"
_SWARM = "cluster volumes need a swarm"
_WINDOWS = "run and create end with 125 and a pointer to --help for this refusal, too"
_TYPO = "docker's own slip of the pen"
_SELF = "each client tells of itself"
_STDERR = "warnings and notices go to stderr, or nowhere: stdout is for programs"
_EXPERIMENTAL = "checkpoints are not served"

DIFFERENCES: tuple[Difference, ...] = tuple(
    Difference(where, reason)
    for where, reason in (
        # requests
        ("*/POST /images/create/headers", _EMPTY),
        ("*/GET /images/search/headers", _EMPTY),
        ("*/POST /commit/query/*", _EMPTY),
        ("system/system prune*/POST /build/prune/query*", _EMPTY),
        ("exec/*exec *web*/GET /containers/web/json", _ONE_LESS),
        ("exec/exec db ls/GET /containers/db/json", _ONE_LESS),
        ("exec/exec nope ls/*", _ONE_LESS),
        ("*/*attach *web*/GET /containers/web/json", _ONE_LESS),
        ("exec/attach --no-stdin tty/GET /containers/tty/json", _ONE_LESS),
        ("exec/attach */POST /containers/*/wait", _ORDER),
        ("*/*attach */order", _ORDER),
        ("run/*/POST /containers/web/wait", _WAIT),
        ("inspect/inspect *nope*/GET /info", _ONE_LESS),
        ("inspect/inspect *nope*/GET /plugins/nope/json", _ONE_LESS),
        ("networks/network rm *nope*/DELETE /networks/nope", _ONE_LESS),
        ("stats/stats */GET /events", "one sample of what runs now needs no news of what starts later"),
        (
            "files/cp *link*/HEAD /containers/web/archive",
            "a link is followed to its end, also where it leads to a link",
        ),
        ("ps/ps -a --format */GET /containers/json", "Pier reads the template when there is something to show"),
        ("files/cp *headers/content-type", _TYPE),
        ("images/import *headers/content-type", _TYPE),
        ("images/image import *headers/content-type", _TYPE),
        # refusals
        ("*--detach-keys wrong*", _KEYS),
        ("run/run --detach-keys 'ctrl-$' busybox/*", _KEYS),
        ("create/create -p target=80,wrong=1 busybox/*", _EARLY),
        ("networks/network create --subnet wrong front/*", _EARLY),
        ("run/run busybox  # no attach/*", _HINT),
        ("exec/exec web ls  # no start/stderr", _HINT),
        ("volumes/volume create --availability active data/*", _SWARM),
        ("volumes/volume ls --cluster/*", _SWARM),
        ("verbs/start --checkpoint*", _EXPERIMENTAL),
        ("*/* --cpu-count 2 busybox/*", _WINDOWS),
        ("*/* --cpu-percent 5* busybox/*", _WINDOWS),
        ("*/* --io-max* busybox/*", _WINDOWS),
        # texts
        ("create/create --platform wrong*/stderr", _HINT),
        ("run/run --platform wrong*/stderr", _HINT),
        ("images/*--platform wrong*/stderr", _HINT),
        ("create/create --security-opt seccomp=profile.json busybox  # no JSON/stderr", _GO),
        ("system/ps  # bad configuration/stderr", _GO),
        ("files/port web x/stderr", _GO),
        ("images/images --format '{{.Wrong}}'/stderr", _GO),
        ("inspect/*{{.State.Wrong.More}}' web/stderr", _GO),
        ("system/version --format '{{.Wrong}}'/*", _GO),
        ("system/info --format '{{.Wrong}}'/*", _GO),
        ("inspect/*{{.HostConfig.LogConfig}}' web/stdout", _STRUCT),
        ("inspect/*{{.Mounts}}' web/stdout", _STRUCT),
        ("inspect/inspect --type wrong web/stderr", "Pier names the kinds that it has"),
        ("images/images busybox other/stderr", _TYPO),
        ("volumes/volume create a b/stderr", _TYPO),
        ("networks/network create --aux-address h front/stderr", _HINT),
        ("system/-H */stderr", _HINT),
        ("system/-H unix:///a -H unix:///b ps/exit", "it is a usage error, as docker 28.5 has it"),
        ("system/version/stdout", _SELF),
        ("system/info/stdout", _SELF),
        ("system/version --format '{{json .Server}}'/stdout", "docker rewrites the build's time, Pier leaves it"),
        ("images/images --format 'json'/stdout", "docker hides a digest that it was not asked to show in a table"),
        ("verbs/*--time 5 web/stdout", _STDERR),
        ("update/update --cpus 1 web  # warning/*", _STDERR),
        ("registry/push --platform linux/amd64 busybox/stdout", _STDERR),
        # contexts
        ("context/*context ls*/stdout", "Pier has an address of its own in the default context"),
        ("context/context create new --docker from=far/*tls*", "Pier copies the TLS files with the endpoint"),
        ("context/context export nope/files/nope.dockercontext", "docker leaves an empty file behind"),
        ("context/context import new garbage/stderr", _HINT),
        ("context/context inspect --format '{{json .Metadata}}' far/stdout", "docker prints the whole context for it"),
        ("context/context ls --format '{{.Wrong}}'/stderr", _GO),
        ("context/context use far  # DOCKER_HOST/files/c/config.json", "docker adds an empty list of credentials"),
    )
)
