"""The default system call filter, as our own table: what a container may call, by theme.

Everything not named fails with EPERM. A system call opens either for everybody, or with one of some capabilities, or
by its arguments. What is missing is missing on purpose: key rings (not namespaced), io_uring and userfaultfd (a
history of holes), swapon, kexec and the like (they change the host), obsolete calls without users. Numbers come from
the kernel's headers; the shape of the document from the OCI runtime-spec, "Seccomp".

libseccomp's time grows with the number of rules, and this work is done for each start of a container, so the names of
one action and one condition form one rule, and the document is made once for a set of capabilities. Each further
architecture is a filter of its own: 32-bit programs are worth theirs (4 to 8 ms of a create were measured), the x32
ABI, which hardly any kernel enables, is not.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache

from pier.oci.inputs import Document

_EPERM = 1
_ENOSYS = 38
_AF_VSOCK = 40
# clone(2) flags that make a namespace: NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
_CLONE_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
# personality(2): Linux and Linux32, each also with UNAME26, and "ask"; none that weakens address randomisation.
_PERSONALITIES = (0x0, 0x0008, 0x20000, 0x20008, 0xFFFFFFFF)

_ARCHITECTURES: Mapping[str, tuple[str, ...]] = {
    "x86_64": ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86"),
    "aarch64": ("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"),
}

_FILES = """
access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64
fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync
flock fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 getcwd getdents getdents64
inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl lchown lchown32 link linkat listmount _llseek lseek
lstat lstat64 mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open openat openat2 read readahead readlink
readlinkat readv rename renameat renameat2 rmdir stat stat64 statfs statfs64 statmount statx symlink symlinkat sync
sync_file_range syncfs truncate truncate64 umask unlink unlinkat write writev
pread64 preadv preadv2 pwrite64 pwritev pwritev2
sendfile sendfile64 splice tee vmsplice
futimesat utime utimensat utimensat_time64 utimes cachestat
fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr lremovexattr
lsetxattr removexattr removexattrat setxattr setxattrat
"""
_WAITING = """
epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2
_newselect pipe pipe2 poll ppoll ppoll_time64 pselect6 pselect6_time64 select
io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit
"""
_MEMORY = """
brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2 mprotect
mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages
"""
_PROCESSES = """
execve execveat exit exit_group fork vfork wait4 waitid waitpid kill tgkill tkill pause prctl
getpgid getpgrp getpid getppid getsid gettid setpgid setsid getpriority setpriority getrlimit setrlimit prlimit64
ugetrlimit getrusage ioprio_get ioprio_set get_robust_list set_robust_list get_thread_area set_thread_area
set_tid_address restart_syscall rseq seccomp landlock_add_rule landlock_create_ruleset landlock_restrict_self
pidfd_open pidfd_send_signal process_mrelease uretprobe
ptrace process_vm_readv process_vm_writev
futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake
sched_getaffinity sched_getattr sched_getparam sched_get_priority_max sched_get_priority_min sched_getscheduler
sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler
sched_yield getcpu getrandom sysinfo times uname
"""
_IDENTITY = """
capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32 getresuid
getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setregid
setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32
"""
_SIGNALS = """
rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack signal sigaction sigpending sigprocmask sigreturn sigsuspend
signalfd signalfd4
"""
_CLOCKS = """
adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64
clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time timer_create timer_delete
timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime
timerfd_gettime64 timerfd_settime timerfd_settime64
"""
_SOCKETS = """
accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 recvmsg
send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair
"""
_IPC = """
ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink
msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget
"""
_BY_ARCHITECTURE: Mapping[str, str] = {
    "x86_64": "arch_prctl modify_ldt",
    "aarch64": "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls",
}
_EVERYBODY = " ".join((_FILES, _WAITING, _MEMORY, _PROCESSES, _IDENTITY, _SIGNALS, _CLOCKS, _SOCKETS, _IPC)).split()

_BY_CAPABILITY: Mapping[str, str] = {
    "CAP_DAC_READ_SEARCH": "open_by_handle_at",
    "CAP_SYS_ADMIN": """
        bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr
        lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd
        setdomainname sethostname setns syslog umount umount2 unshare
    """,
    "CAP_SYS_BOOT": "reboot",
    "CAP_SYS_CHROOT": "chroot",
    "CAP_SYS_MODULE": "delete_module finit_module init_module",
    "CAP_SYS_PACCT": "acct",
    "CAP_SYS_PTRACE": "kcmp pidfd_getfd process_madvise",
    "CAP_SYS_RAWIO": "ioperm iopl",
    "CAP_SYS_TIME": "clock_settime clock_settime64 settimeofday stime",
    "CAP_SYS_TTY_CONFIG": "vhangup",
    "CAP_SYS_NICE": "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
    "CAP_SYSLOG": "syslog",
    "CAP_BPF": "bpf",
    "CAP_PERFMON": "perf_event_open",
}


def default_profile(capabilities: Collection[str], architecture: str) -> Document | None:
    """`linux.seccomp` for a process with these capabilities; None on an architecture the table does not know.

    The document is shared between callers: never change it.
    """
    if architecture not in _ARCHITECTURES:
        return None
    return _build(frozenset(capabilities) & frozenset(_BY_CAPABILITY), architecture)


@lru_cache(maxsize=64)
def _build(capabilities: frozenset[str], architecture: str) -> Document:
    names = {*_EVERYBODY, *_BY_ARCHITECTURE[architecture].split()}
    for capability in capabilities:
        names.update(_BY_CAPABILITY[capability].split())
    rules = [
        _rule(sorted(names), "SCMP_ACT_ALLOW"),
        _rule(["socket"], "SCMP_ACT_ALLOW", _argument(0, _AF_VSOCK, "SCMP_CMP_NE")),
        *(_rule(["personality"], "SCMP_ACT_ALLOW", _argument(0, p, "SCMP_CMP_EQ")) for p in _PERSONALITIES),
    ]
    if "CAP_SYS_ADMIN" not in capabilities:
        rules += _without_sys_admin()
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": _EPERM,
        "architectures": list(_ARCHITECTURES[architecture]),
        "syscalls": rules,
    }


def _without_sys_admin() -> list[Document]:
    """clone may not make namespaces; clone3 hides its flags in memory, so libc must be told to fall back to clone."""
    return [
        _rule(["clone"], "SCMP_ACT_ALLOW", _argument(0, _CLONE_NAMESPACES, "SCMP_CMP_MASKED_EQ", 0)),
        {**_rule(["clone3"], "SCMP_ACT_ERRNO"), "errnoRet": _ENOSYS},
    ]


def _rule(names: list[str], action: str, argument: Document | None = None) -> Document:
    return {"names": names, "action": action} | ({"args": [argument]} if argument else {})


def _argument(index: int, value: int, operator: str, value_two: int | None = None) -> Document:
    argument: Document = {"index": index, "value": value, "op": operator}
    return argument if value_two is None else argument | {"valueTwo": value_two}
