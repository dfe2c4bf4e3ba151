"""An FTP client that ends a transfer in one chosen way: python3 capturing_client.py PORT PATH USER PASSWORD WAY."""

import fcntl
import ftplib
import os
import signal
import socket
import struct
import sys
import termios
import time

SIZE = 300_000

port, path, user, password, way = sys.argv[1:6]
# `mixed` servers listen on one address; the name says which.
host = "::1" if way.startswith("v6-") else "127.0.0.1"
way = way.removeprefix("v6-")
ftp = ftplib.FTP()
ftp.connect(host, int(port), timeout=60)
ftp.login(user, password)
if path:
    ftp.cwd(path)
ftp.set_pasv(not way.startswith("active-"))
way = way.removeprefix("active-")
ftp.voidcmd("TYPE I")


def reset(data):
    """Ends the connection with a RST."""
    data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    data.close()


def unacknowledged(data):
    """Bytes of the connection that the other end has not acknowledged."""
    return struct.unpack("i", fcntl.ioctl(data, termios.TIOCOUTQ, bytes(4)))[0]


def last_reply():
    try:
        print(ftp.voidresp())
    except ftplib.Error as error:
        print(error)


if way == "get":
    ftp.retrbinary("RETR a.bin", lambda piece: None)
    ftp.quit()
elif way == "put":
    with open(os.devnull, "rb"):
        data = ftp.transfercmd("STOR up.bin")
        data.sendall(bytes(SIZE))
        data.close()
        last_reply()
    ftp.quit()
elif way == "put-reset":
    data = ftp.transfercmd("STOR up.bin")
    data.sendall(bytes(SIZE))
    # Every byte is acknowledged before the reset, and the server has read.
    while unacknowledged(data):
        time.sleep(0.01)
    time.sleep(0.5)
    reset(data)
    last_reply()
    ftp.quit()
elif way == "get-unread":
    # The client closes a download after a look at its beginning, with more on the way.
    data = ftp.transfercmd("RETR big.bin")
    data.recv(1000)
    data.close()
    last_reply()
    ftp.quit()
elif way == "abort":
    data = ftp.transfercmd("RETR big.bin")
    data.recv(1000)
    ftp.sock.sendall(b"ABOR\r\n")
    time.sleep(0.2)
    data.close()
    time.sleep(0.3)
    ftp.close()
elif way == "die":
    data = ftp.transfercmd("STOR up.bin")
    data.sendall(bytes(SIZE))
    # Linux ends the connection with the highest descriptor first: the control connection, here by its
    # second descriptor, so that no 226 can lie unread in it.
    again = os.dup(ftp.sock.fileno())
    os.kill(os.getpid(), signal.SIGKILL)
elif way == "stall":
    # The test kills the server now, or begins to capture, and then ends the standard input.
    data = ftp.transfercmd("STOR up.bin")
    data.sendall(bytes(SIZE))
    print("stalled", flush=True)
    sys.stdin.read()
