"""The zygote of an environment: imports TensorFlow and tensorflow_hub once, then forks a guardian and cell on request.

    python -I zygote.py CONTROL_FD

One line of JSON each way over the control socket, in the words of hubmatrix_messages.py: it gets the modules to import and reports
how that went, and ends where it failed; then it starts a process for each request, and reports how each ended.

End of file on the socket ends everything below it. Without `preload` nothing is imported here: a fresh interpreter does the
import, once to try it and then again for each cell. A script runs in a fresh interpreter in every case, and nothing is imported
for it. Standard library only, Python 3.7 syntax.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from types import ModuleType
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence, Tuple

FOLDER = os.path.dirname(os.path.abspath(__file__))
if TYPE_CHECKING or __package__:
    from harness.incell import hubmatrix_bytecode as bytecode  # the driver, and tests
    from harness.incell import hubmatrix_fence as fence
    from harness.incell import hubmatrix_messages as messages
else:
    sys.path.append(FOLDER)
    import hubmatrix_bytecode as bytecode
    import hubmatrix_fence as fence
    import hubmatrix_messages as messages

Trouble = Optional[Tuple[str, str]]
TRY_IMPORT = (
    "import sys; [__import__(name) for name in sys.argv[2:]]; sys.argv[1] and (sys.path.append(sys.argv[1]), __import__('pytest'))"
)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    import guardian

    guardian.prctl(guardian.PR_SET_PDEATHSIG, signal.SIGTERM)
    reader = SocketLines(control)
    line = reader.wait()
    if line is None:
        return
    setup = messages.read_setup(line)
    fence.confine_zygote(setup)
    opened = open_for(setup)
    send(control, messages.encode(opened))
    if opened.event == messages.OpeningEvent.READY:
        serve_requests(control, reader, setup.preload)


def open_for(setup: messages.Setup) -> messages.Opened:
    """Import what all cells import, or try it; then pytest, which isn't part of what is tested."""
    if setup.modules:
        trouble = preload(setup.modules) if setup.preload else try_fresh(setup.modules)
        if trouble:
            return messages.Opened(messages.OpeningEvent.IMPORT_FAILED, *trouble)
    if setup.toolchain:
        trouble = preload_pytest(setup.toolchain) if setup.preload else try_fresh(setup.modules, setup.toolchain)
        if trouble:
            return messages.Opened(messages.OpeningEvent.TOOLCHAIN_FAILED, *trouble)
    if setup.fence:
        bytecode.write_uncompiled(messages.UNCOMPILED, ())
    return messages.Opened(messages.OpeningEvent.READY)


def preload(modules: Sequence[str]) -> Trouble:
    """Import the modules for all cells; return the last line and the traceback of an import that fails, else None."""
    try:
        for name in modules:
            __import__(name)
    except BaseException as error:  # also SystemExit: an import that calls sys.exit must not end the zygote without a word
        last = "".join(traceback.format_exception_only(type(error), error)).strip()
        return last, traceback.format_exc()
    return None


def try_fresh(modules: Sequence[str], toolchain: str = "") -> Trouble:
    """Import the modules in a fresh interpreter, with a toolchain pytest too; return the trouble like `preload`."""
    tried = subprocess.run(
        [sys.executable, "-I", "-c", TRY_IMPORT, toolchain, *modules],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if tried.returncode == 0:
        return None
    if tried.returncode < 0:
        # A crash has no words. Die of the same signal, so that the driver sees what it sees when this process imports.
        os.kill(os.getpid(), -tried.returncode)
    text = tried.stdout.decode("utf-8", "replace")
    start = text.rfind("Traceback (most recent call last)")
    evidence = text[start:] if start >= 0 else text
    return last_error(evidence), evidence


def last_error(text: str) -> str:
    """Return the message of a traceback: the first line at the margin after the last frame, and all that follows it."""
    lines = text.rstrip().splitlines()
    frames = [number for number, line in enumerate(lines) if line.startswith('  File "')]
    for number in range(frames[-1] + 1 if frames else len(lines), len(lines)):
        if not lines[number].startswith(" "):
            return "\n".join(lines[number:])
    return lines[-1] if lines else "the interpreter ended without a word"


def preload_pytest(toolchain: str) -> Trouble:
    """Import pytest for all cells, after the packages under test, as in a cell; return the trouble like `preload`."""
    import cell

    cell.extend_path(toolchain)
    trouble = preload(["pytest"])
    if trouble:
        return trouble
    # Imports its own plugins, which a bare import does not. Without a file named it would look for one in every folder above.
    sys.modules["pytest"].main(["--version", "-c", os.path.join(FOLDER, "pytest.ini")])
    sys.stdout.flush()
    sys.stderr.flush()
    # All objects so far belong to every cell and are never freed: collecting them would copy their pages in each.
    gc.collect()
    gc.freeze()
    return None


def serve_requests(control: socket.socket, reader: SocketLines, forked: bool) -> None:
    """Start a guardian for each request and report each that ended, until the driver closes the socket."""
    import cell
    import guardian

    wake = guardian.wake_on_child_exit()
    running: dict[int, messages.Request] = {}
    while True:
        ready = select.select([control, wake], [], [])[0]
        if wake in ready:
            os.read(wake, 4096)
        if control in ready and not reader.fill():
            end_all(running)
            return
        for line in reader.lines():
            request = messages.read_request(line)
            run = cell.run if forked and request.program == messages.InCellProgram.CELL else None
            running[start(request, control, wake, guardian, run)] = request
        report(control, running)


def start(
    request: messages.Request, control: socket.socket, wake: int, guardian: ModuleType, run: Callable[[Any], int] | None
) -> int:
    pid = os.fork()
    if pid:
        return pid
    # The socket stays the zygote's alone: held open by a fork, its end would never be seen by the driver.
    signal.set_wakeup_fd(-1)
    control.close()
    os.close(wake)
    guardian.guard(request, run)
    raise AssertionError("a guardian does not return")


def report(control: socket.socket, running: dict[int, messages.Request]) -> None:
    while running:
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        if pid in running:
            request = running.pop(pid)
            send(control, messages.ended_line(request.id, end_of(request)))


def end_of(request: messages.Request) -> messages.ProcessEnd | None:
    """Return what the guardian left; None where it was killed before it could."""
    try:
        with open(messages.end_file(request)) as file:
            return messages.read_end(file.read())
    except (OSError, ValueError):
        return None


def end_all(running: dict[int, messages.Request]) -> None:
    """Ask every guardian to end its cell (SIGTERM) and kill those that didn't within two seconds."""
    for pid in running:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 2.0
    while running and time.monotonic() < deadline:
        pid, _ = os.waitpid(-1, os.WNOHANG)
        running.pop(pid, None)
        time.sleep(0.01)
    for pid in running:
        os.kill(pid, signal.SIGKILL)


def send(control: socket.socket, line: str) -> None:
    control.sendall(line.encode("utf-8") + b"\n")


class SocketLines:
    """Lines from a socket."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._rest = b""

    def fill(self) -> bool:
        """Read once from the socket; return False at the end of file."""
        try:
            data = self._control.recv(65536)
        except ConnectionError:  # a reset is an end too
            data = b""
        self._rest += data
        return bool(data)

    def lines(self) -> list[str]:
        *whole, self._rest = self._rest.split(b"\n")
        return [line.decode("utf-8") for line in whole if line]

    def wait(self) -> str | None:
        while b"\n" not in self._rest:
            if not self.fill():
                return None
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode("utf-8")


if __name__ == "__main__":
    main()
    os._exit(0)  # tearing down an imported TensorFlow takes seconds and has no use
