"""A worker process: ``python -m jamharness.execution.worker HANDLE`` computes tasks that come through a socket.

It lives over many tasks, and no longer than the process that started it: a thread waits for the end of the stream even
while a task computes. Its standard output is not part of the conversation, so that a stray print cannot disturb it.
"""

import errno
import logging
import os
import pickle
import signal
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue

from jamharness.execution import progress
from jamharness.execution.messages import PROTOCOL, SILENCED, carry_out

_LOOK = 0.25
"""Seconds between two looks at the connection."""


def _listen(connection: "Connection", tasks: "SimpleQueue[bytes]") -> None:
    try:
        while True:
            tasks.put(connection.recv_bytes())
    except (EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno == errno.EBADF:
            os._exit(SILENCED)
        # The pool has closed the stream, or is no more. Whatever a framework would still tidy up is not worth waiting
        # for, and the processes that it has started go too.
        if os.getpgrp() == os.getpid():
            with suppress(OSError):
                os.killpg(os.getpgrp(), signal.SIGKILL)
        os._exit(0)


def _watch(handle: int) -> None:
    """End when the code that is run has closed the connection, which nobody on the other side could notice."""
    opened = os.fstat(handle)
    while True:
        time.sleep(_LOOK)
        try:
            same = os.path.samestat(os.fstat(handle), opened)
        except OSError:
            same = False
        if not same:
            os._exit(SILENCED)


def main(handle: int) -> None:
    """Compute tasks until the stream ends.

    Arguments:
        handle: the file descriptor of a connected socket.
    """
    # Ctrl-C is for the process that started this one to handle.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.set_inheritable(handle, False)
    connection = Connection(handle)
    lock = threading.Lock()

    def reply(*message: object) -> None:
        data = pickle.dumps(message, PROTOCOL)
        try:
            # A task may have threads of its own that report progress.
            with lock:
                connection.send_bytes(data)
        except OSError as error:
            # Nobody is there any more, or the code that is run has closed the connection.
            os._exit(SILENCED if error.errno == errno.EBADF else 0)

    progress.send_to(lambda text: reply("said", text))
    # What takes long is said by the process that waits for it.
    logging.getLogger("jamharness").addHandler(logging.NullHandler())
    tasks: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, tasks), daemon=True).start()
    threading.Thread(target=_watch, args=(handle,), daemon=True).start()
    reply("hello", "")
    while True:
        reply(*carry_out(tasks.get()))


if __name__ == "__main__":
    main(int(sys.argv[1]))
