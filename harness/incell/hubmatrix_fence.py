"""The fence around foreign code: what a process may use, kept by the kernel for it and for all that it starts.

    zygote   writes below the run's folder, where its cells' folders will be
    cell     writes below its HOME, TMPDIR, current folder and Hub cache, and to its two files of events and output
    script   the same, and to the file that takes its exception
    each     reads what the system, the interpreter, the venv and the request name: not HOME, /tmp, /var, /run, others' folders;
             connects by TCP to the services' ports alone; signals, traces and looks into nobody outside; opens DEVICES alone

Landlock (Linux 5.19 and later) asks for no rights and can't be taken back. Its levels: 2 files, 3 also truncate(2), 4 TCP, 5 ioctl
on devices, 6 signals and abstract sockets, 7 no lines in the audit log. Level 1 would refuse to rename from folder to folder, as
saving does, so it counts as none. What no level covers: sockets that have a path, UDP, and mode, owner and times of files.

This file is in no key (harness/run/keys.py), since it decides no outcome. Standard library only, Python 3.7 syntax.
"""

from __future__ import annotations

import ctypes
import glob
import os
import pwd
import signal
import stat
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Iterable, Sequence

if TYPE_CHECKING or __package__:
    from harness.incell import hubmatrix_messages as messages  # the driver, and tests
else:
    import hubmatrix_messages as messages

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # system calls, the same on every architecture
VERSION_FLAG = 1
LOG_SAME_EXEC_OFF = 1
PATH_BENEATH, NET_PORT = 1, 2
PR_SET_NO_NEW_PRIVS = 38
LOWEST, HIGHEST = 2, 7

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 1 << 1, 1 << 2, 1 << 3
MAKE_CHAR, MAKE_BLOCK, REFER, TRUNCATE, IOCTL_DEV = 1 << 6, 1 << 11, 1 << 13, 1 << 14, 1 << 15
CONNECT_TCP = 1 << 1
SCOPE_ABSTRACT_SOCKETS, SCOPE_SIGNALS = 1, 1 << 1
ALL_OF_FILES = REFER * 2 - 1
READ = READ_FILE | EXECUTE
WRITE = READ_FILE | WRITE_FILE | TRUNCATE
OF_A_FILE = READ | WRITE_FILE | TRUNCATE | IOCTL_DEV
"""The rights that a rule about something else than a folder may name."""

LIBRARIES = ["/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix", "/gnu", "/snap"]
SYSTEM = ["/usr", "/bin", "/sbin", "/etc", "/proc", "/sys", "/var/lib/ca-certificates", *LIBRARIES]
DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/shm"]
ACCELERATORS = ["/dev/nvidia*", "/dev/dxg", "/dev/dri", "/dev/kfd", "/dev/accel*", "/dev/vfio"]
TPUS = ["/dev/accel[0-9]*", "/dev/vfio/[0-9]*"]
DISCARD = 9
"""A port that nobody serves: cases name it as a proxy that refuses, and are to see a refusal in the network's own words."""

CAPABILITIES_VERSION = 0x20080522
KEPT_CAPABILITIES = sum(1 << number for number in (0, 1, 3, 4, 5, 6, 7, 8, 10, 14, 23, 24, 29, 31))
"""Of root: what concerns files (chown, dac_override, fowner, fsetid, setfcap), processes (kill, setgid, setuid, setpcap, nice,
resource, ipc_lock), low ports and the audit log. Not those by which root would look into others in spite of Landlock (sys_admin and
perfmon read another's environment), open files by number (dac_read_search), or change the machine (rawio, module, mknod, …)."""

# Looked up once, and not by every cell: finding a function among TensorFlow's libraries takes longer than calling it.
LIBC = ctypes.CDLL(None, use_errno=True)
if sys.platform.startswith("linux"):
    LIBC.syscall.restype = ctypes.c_long
    FUNCTIONS = (LIBC.syscall, LIBC.prctl, LIBC.capget, LIBC.capset)

_open_folders: list[int] = []


class Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr: the rights that are refused where no rule grants them. Older kernels want zeros at its end."""

    _fields_ = [("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class BelowPath(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _fields_ = [("rights", ctypes.c_uint64), ("parent", ctypes.c_int32)]


class AtPort(ctypes.Structure):
    """struct landlock_net_port_attr."""

    _fields_ = [("rights", ctypes.c_uint64), ("port", ctypes.c_uint64)]


def level() -> int:
    """Return the level of the fence that this kernel can put up; 0 for none."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        kernel = _syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION_FLAG))
    except OSError:  # not built in, not enabled at boot, or refused by a container's rules
        return 0
    return min(kernel, HIGHEST) if kernel >= LOWEST else 0


def confine_zygote(setup: messages.Setup) -> None:
    """Put a fence around this process, before it imports any package, and with it all that it will fork."""
    if setup.fence:
        _confine(setup.fence, readable=[], folders=[setup.work], files=["/proc"])


def confine_cell(request: messages.CellRequest) -> None:
    """Put a fence around this process, before any case is imported; its work folder must be there."""
    if request.fence:
        files = [_file(request.events), _file(request.output), _file(messages.uncompiled_file(request)), _process_folder()]
        _confine(request.fence, [request.workdir], _folders(request.workdir), files)


def confine_script(request: messages.ScriptRequest) -> None:
    """Put a fence around this process, before the script is read; its folders must be there."""
    if request.fence:
        files = [_file(request.raised), _file(request.output), _process_folder()]
        _confine(request.fence, [request.workdir, request.script], _folders(request.folder), files)


def put_up(readable: Iterable[str], folders: Iterable[str], files: Iterable[str], ports: Sequence[int] | None) -> None:
    """Put a fence around this process, while it has one thread: others would stay outside.

    Raises:
        OSError: the kernel refused.
    """
    abi = level()
    files_rights = ALL_OF_FILES | (TRUNCATE if abi >= 3 else 0) | (IOCTL_DEV if abi >= 5 else 0)
    net = CONNECT_TCP if abi >= 4 and ports is not None else 0
    scoped = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS if abi >= 6 else 0
    attributes = Ruleset(files_rights, net, scoped)
    ruleset = _syscall(CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)), ctypes.c_uint32(0))
    try:
        # Names are no secrets, and too much lists folders on its way down to a file.
        _allow(ruleset, "/", READ_DIR)
        for path in readable:
            _allow(ruleset, path, READ)
        for path in folders:
            _allow(ruleset, path, files_rights & ~(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV))
        for path in files:
            _allow(ruleset, path, files_rights & WRITE)
        for path in _devices():
            _allow(ruleset, path, files_rights & ~(MAKE_CHAR | MAKE_BLOCK))
        for port in ports or () if net else ():
            attributes_of_port = AtPort(CONNECT_TCP, port)
            _syscall(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(NET_PORT), ctypes.byref(attributes_of_port), ctypes.c_uint32(0))
        LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)  # what Landlock asks of a process without rights
        _drop_capabilities()
        _syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(LOG_SAME_EXEC_OFF if abi >= 7 else 0))
    finally:
        os.close(ruleset)


def _confine(fence: messages.Fence, readable: Iterable[str], folders: Iterable[str], files: Iterable[str]) -> None:
    """Put the fence up; where that fails, end this process like one that was killed from outside.

    The run has said that there is a fence, so nothing may run without it, and whatever refused it is this machine's trouble: a
    process that was killed makes its cell unavailable, which is never drawn as the software's failure.
    """
    ports = None if fence.ports is None or _has_tpu() else [DISCARD, *fence.ports]
    try:
        put_up([*_system(), *fence.readable, *readable], folders, files, ports)
    except OSError as error:
        print("the fence around this process can't be put up:", error, file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)


def _file(path: str) -> str:
    """Return the path of a file that is there now: a rule is about a file, not about a name."""
    os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644))
    return path


def _process_folder() -> str:
    """Return what of /proc a cell may write: by `clear_refs` the recorder has the peak of memory counted anew for each case.

    Others' files there take no writing that matters, for the kernel refuses all that asks for tracing. From root, /proc/sys does:
    then it is the cell's own folder, and its children can't count anew. (A zygote has the whole: its fence is around cells whose
    folders are not there yet.)
    """
    if not os.access("/proc/sys/kernel/core_pattern", os.W_OK):
        return "/proc"
    # Held open for as long as the process lives, or the kernel may forget the folder that the rule is about and make another.
    _open_folders.append(os.open("/proc/self/", os.O_PATH | os.O_CLOEXEC))
    return "/proc/self/"


def _folders(work: str) -> list[str]:
    """Return the folders of a process's own: not the one that they are in, where the driver and the guardian read and write."""
    folders = [os.path.join(work, name) for name in ("home", "tmp", "cwd", "hub")]
    for folder in folders:
        os.makedirs(folder, exist_ok=True)
    return folders


@lru_cache(None)  # asked by the zygote, known to every cell
def _system() -> list[str]:
    """Return what every process may read: the system, the interpreter and its venv, libraries and programs that variables name."""
    variables = [folder for name in ("PATH", "LD_LIBRARY_PATH") for folder in os.environ.get(name, "").split(os.pathsep)]
    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        home = os.sep
    # A folder that HOME is in, or HOME itself, would open what is closed.
    programs = [folder for folder in variables if os.path.isabs(folder) and not _is_below(home, folder)]
    resolver = os.path.realpath("/etc/resolv.conf")  # below /run where systemd writes it
    return [*SYSTEM, sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *programs, resolver]


def _is_below(path: str, folder: str) -> bool:
    path, folder = os.path.realpath(path), os.path.realpath(folder)
    return os.path.commonpath([path, folder]) == folder


@lru_cache(None)
def _devices() -> list[str]:
    """Return what may be written beside files of the process's own: devices, and where a TPU's library keeps its lock and logs."""
    accelerators = [path for pattern in ACCELERATORS for path in glob.glob(pattern)]
    return [*DEVICES, *accelerators, *(["/tmp"] if _has_tpu() else [])]


@lru_cache(None)
def _has_tpu() -> bool:
    """Return whether TPUs can be used: their library asks a metadata server, and workers elsewhere, at any port."""
    return bool(os.environ.get("TPU_NAME")) or any(glob.glob(pattern) for pattern in TPUS)


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Grant rights on a file or a folder and all that is below it; what is not there has none."""
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        _add_rule(ruleset, parent, rights if stat.S_ISDIR(os.fstat(parent).st_mode) else rights & OF_A_FILE)
    finally:
        os.close(parent)


def _add_rule(ruleset: int, parent: int, rights: int) -> None:
    rule = BelowPath(rights, parent)
    _syscall(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))


def _drop_capabilities() -> None:
    """Give up all but KEPT_CAPABILITIES; with no new privileges, no program that is started gets them back."""
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: 32 capabilities each, then the others
    if LIBC.capget(header, sets) == 0:
        for index in range(6):
            sets[index] &= KEPT_CAPABILITIES if index < 3 else 0
        if LIBC.capset(header, sets) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def _syscall(number: int, *arguments: object) -> int:
    """Make a system call; return what it gives. Raises OSError where that is a failure."""
    result = int(LIBC.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
