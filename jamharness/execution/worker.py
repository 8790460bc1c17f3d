"""A worker process: ``python -m jamharness.execution.worker HANDLE`` computes tasks that come through a socket.

It lives over many tasks, and no longer than the process that started it: a thread waits for the end of the stream even
while a task computes. Its standard output is not part of the conversation, so that a stray print cannot disturb it.
"""

import os
import pickle
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue

from jamharness.execution import progress
from jamharness.execution.messages import PROTOCOL, carry_out


def _listen(connection: "Connection", tasks: "SimpleQueue[bytes]") -> None:
    try:
        while True:
            tasks.put(connection.recv_bytes())
    except (EOFError, OSError):
        # The pool has closed the stream, or is no more. Whatever a framework would still tidy up is not worth waiting
        # for, and the processes that it has started go too.
        if os.getpgrp() == os.getpid():
            with suppress(OSError):
                os.killpg(os.getpgrp(), signal.SIGKILL)
        os._exit(0)


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
        # A task may have threads of its own that report progress.
        with lock, suppress(OSError):
            connection.send_bytes(data)

    progress.send_to(lambda text: reply("said", text))
    tasks: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, tasks), daemon=True).start()
    while True:
        reply(*carry_out(tasks.get()))


if __name__ == "__main__":
    main(int(sys.argv[1]))
