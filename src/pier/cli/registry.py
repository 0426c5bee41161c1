"""Every command of the CLI: where it lives and one line about it. Data only, so that dispatch costs nothing.

A command without a module is known and refused: `pier: 'build' is not supported yet`.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.flags import Command

_CONTAINER = "pier.cli.container"
_CONTEXT = "pier.cli.context"
_IMAGE = "pier.cli.image"
_SYSTEM = "pier.cli.system"

# Canonical words -> (module, attribute, summary). The module is imported when the command runs.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "container attach": (f"{_CONTAINER}.attach", "ATTACH", "Join the standard streams of a running container"),
    "container commit": (f"{_CONTAINER}.commit", "COMMIT", "Make an image of a container's changes"),
    "container cp": (f"{_CONTAINER}.copy", "CP", "Copy files between a container and this host"),
    "container create": (f"{_CONTAINER}.create", "CREATE", "Create a container without starting it"),
    "container diff": (f"{_CONTAINER}.changes", "DIFF", "Show what changed in a container's file system"),
    "container exec": (f"{_CONTAINER}.execute", "EXEC", "Run a command in a running container"),
    "container export": (f"{_CONTAINER}.export", "EXPORT", "Write a container's file system as a tar archive"),
    "container inspect": ("pier.cli.inspect", "CONTAINER_INSPECT", "Show all details of containers"),
    "container kill": (f"{_CONTAINER}.lifecycle", "KILL", "Send a signal to running containers"),
    "container logs": (f"{_CONTAINER}.logs", "LOGS", "Show the output of a container"),
    "container ls": (f"{_CONTAINER}.listing", "LS", "List containers"),
    "container pause": (f"{_CONTAINER}.lifecycle", "PAUSE", "Freeze all processes of containers"),
    "container port": (f"{_CONTAINER}.port", "PORT", "Show the published ports of a container"),
    "container prune": ("pier.cli.prune", "CONTAINER_PRUNE", "Remove all stopped containers"),
    "container rename": (f"{_CONTAINER}.lifecycle", "RENAME", "Give a container another name"),
    "container restart": (f"{_CONTAINER}.lifecycle", "RESTART", "Stop and start containers"),
    "container rm": (f"{_CONTAINER}.lifecycle", "RM", "Remove containers"),
    "container run": (f"{_CONTAINER}.run", "RUN", "Create a container from an image and run it"),
    "container start": (f"{_CONTAINER}.start", "START", "Start stopped containers"),
    "container stats": (f"{_CONTAINER}.stats", "STATS", "Watch the resource use of containers"),
    "container stop": (f"{_CONTAINER}.lifecycle", "STOP", "Stop running containers"),
    "container top": (f"{_CONTAINER}.top", "TOP", "Show the processes of a container"),
    "container unpause": (f"{_CONTAINER}.lifecycle", "UNPAUSE", "Let the processes of paused containers go on"),
    "container update": (f"{_CONTAINER}.update", "UPDATE", "Change the limits of containers"),
    "container wait": (f"{_CONTAINER}.lifecycle", "WAIT", "Wait for containers to stop and print their exit codes"),
    "image build": ("", "", "Build an image from a Dockerfile"),
    "image history": (f"{_IMAGE}.history", "HISTORY", "Show how an image was made"),
    "image import": (f"{_IMAGE}.importing", "IMPORT", "Make an image of a file system archive"),
    "image inspect": ("pier.cli.inspect", "IMAGE_INSPECT", "Show all details of images"),
    "image load": (f"{_IMAGE}.archive", "LOAD", "Load images from an archive"),
    "image ls": (f"{_IMAGE}.listing", "LS", "List images"),
    "image prune": ("pier.cli.prune", "IMAGE_PRUNE", "Remove images that nothing uses"),
    "image pull": (f"{_IMAGE}.pull", "PULL", "Fetch an image from a registry"),
    "image push": (f"{_IMAGE}.push", "PUSH", "Send an image to a registry"),
    "image rm": (f"{_IMAGE}.names", "RM", "Remove images"),
    "image save": (f"{_IMAGE}.archive", "SAVE", "Write images to an archive"),
    "image share": (f"{_IMAGE}.share", "SHARE", "Make an image known in another namespace of containerd"),
    "image unshare": (f"{_IMAGE}.share", "UNSHARE", "Take an image back from another namespace of containerd"),
    "image tag": (f"{_IMAGE}.names", "TAG", "Give an image another name"),
    "network connect": ("pier.cli.network_membership", "CONNECT", "Attach a container to a network"),
    "network create": ("pier.cli.network", "CREATE", "Create a network"),
    "network disconnect": ("pier.cli.network_membership", "DISCONNECT", "Detach a container from a network"),
    "network explain": ("pier.cli.network_explain", "EXPLAIN", "Say how packets get to a container, or why not"),
    "network inspect": ("pier.cli.inspect", "NETWORK_INSPECT", "Show all details of networks"),
    "network ls": ("pier.cli.network", "LS", "List networks"),
    "network prune": ("pier.cli.prune", "NETWORK_PRUNE", "Remove all networks that nothing uses"),
    "network rm": ("pier.cli.network", "RM", "Remove networks"),
    "volume clone": ("pier.cli.volume_copies", "CLONE", "Copy a volume into a new one"),
    "volume create": ("pier.cli.volume", "CREATE", "Create a volume"),
    "volume export": ("pier.cli.volume_copies", "EXPORT", "Write a volume's content as a tar archive"),
    "volume import": ("pier.cli.volume_copies", "IMPORT", "Unpack a tar archive into a volume"),
    "volume inspect": ("pier.cli.inspect", "VOLUME_INSPECT", "Show all details of volumes"),
    "volume ls": ("pier.cli.volume", "LS", "List volumes"),
    "volume prune": ("pier.cli.prune", "VOLUME_PRUNE", "Remove volumes that nothing uses"),
    "volume rm": ("pier.cli.volume", "RM", "Remove volumes"),
    "volume snapshot": ("pier.cli.volume_copies", "SNAPSHOT", "Keep a volume's present content in a new volume"),
    "system df": (f"{_SYSTEM}.disk_usage", "DF", "Show how much disk the engine uses"),
    "system dial-stdio": (f"{_SYSTEM}.dial", "DIAL", "Carry the API between the standard streams and the engine"),
    "system events": (f"{_SYSTEM}.events", "EVENTS", "Watch what happens in the engine"),
    "system info": (f"{_SYSTEM}.info", "INFO", "Show facts about the engine and its host"),
    "system shutdown": ("pier.cli.system.shutdown", "SHUTDOWN", "Stop all containers for a shutdown of the host"),
    "system prune": (f"{_SYSTEM}.prune", "PRUNE", "Remove all that nothing uses"),
    "builder build": ("", "", "Build an image from a Dockerfile"),
    "builder prune": ("", "", "Remove the build cache"),
    "context create": (f"{_CONTEXT}.commands", "CREATE", "Remember an engine under a name"),
    "context export": (f"{_CONTEXT}.transfer", "EXPORT", "Write a context to a file"),
    "context import": (f"{_CONTEXT}.transfer", "IMPORT", "Make a context of a file"),
    "context inspect": (f"{_CONTEXT}.listing", "INSPECT", "Show all that is kept of contexts"),
    "context ls": (f"{_CONTEXT}.listing", "LS", "List contexts"),
    "context rm": (f"{_CONTEXT}.commands", "RM", "Forget contexts"),
    "context show": (f"{_CONTEXT}.listing", "SHOW", "Print the name of the context in use"),
    "context update": (f"{_CONTEXT}.commands", "UPDATE", "Change a context"),
    "context use": (f"{_CONTEXT}.commands", "USE", "Set the context in use"),
    "inspect": ("pier.cli.inspect", "INSPECT", "Show all details of containers, images, networks or volumes"),
    "version": (f"{_SYSTEM}.version", "VERSION", "Show the versions of client and engine"),
    "completion": ("pier.cli.completion", "COMPLETION", "Print the completion script of a shell"),
    "login": ("pier.cli.login", "LOGIN", "Log in to a registry"),
    "logout": ("pier.cli.login", "LOGOUT", "Log out of a registry"),
    "search": ("pier.cli.search", "SEARCH", "Search for images in a registry"),
    "compose": ("", "", "Define and run applications of several containers"),
    "manifest": ("", "", "Manage image indexes"),
    "plugin": ("", "", "Manage plugins"),
    "trust": ("", "", "Manage signatures of images"),
    "swarm": ("", "", "Manage a swarm"),
    "checkpoint": ("", "", "Manage checkpoints of containers"),
}

GROUPS = {
    "builder": "Manage builds",
    "container": "Manage containers",
    "context": "Manage the engines that this client knows",
    "image": "Manage images",
    "network": "Manage networks",
    "system": "Manage the engine",
    "volume": "Manage volumes",
}

# One word at the top for the commands people type most.
SHORTCUTS = {
    **{
        verb: f"container {verb}"
        for verb in (
            *("attach", "commit", "cp", "create", "diff", "exec", "export", "kill", "logs", "pause", "port", "rename"),
            *("restart", "rm", "run", "start", "stats", "stop", "top", "unpause", "update", "wait"),
        )
    },
    **{verb: f"image {verb}" for verb in ("build", "history", "import", "load", "pull", "push", "save", "tag")},
    "ps": "container ls",
    "images": "image ls",
    "rmi": "image rm",
    "events": "system events",
    "info": "system info",
}

# Other words for the same command.
ALIASES = {
    "container list": "container ls",
    "container ps": "container ls",
    "container remove": "container rm",
    "context list": "context ls",
    "context remove": "context rm",
    "image list": "image ls",
    "image remove": "image rm",
    "network list": "network ls",
    "network remove": "network rm",
    "volume list": "volume ls",
    "volume remove": "volume rm",
}


def is_built(words: str) -> bool:
    """Whether the command does something yet."""
    return bool(COMMANDS[words][0])


def load_command(words: str) -> "Command":
    """Import a built command's module and take its table."""
    module_name, attribute, _ = COMMANDS[words]
    __import__(module_name)
    command: Command = getattr(sys.modules[module_name], attribute)
    return command


def find_command(words: "list[str]") -> tuple[str, str, int]:
    """Which command these words start with.

    Returns its canonical words, the words as typed, and how many were taken. The first is "" when the words name no
    command: then the second is the group that was reached, "" at the top.
    """
    first = words[0]
    if first in SHORTCUTS:
        return SHORTCUTS[first], first, 1
    if first in COMMANDS:
        return first, first, 1
    if first not in GROUPS:
        return "", "", 0
    if len(words) > 1:
        typed = f"{first} {words[1]}"
        canonical = ALIASES.get(typed, typed)
        if canonical in COMMANDS:
            return canonical, typed, 2
    return "", first, 1
