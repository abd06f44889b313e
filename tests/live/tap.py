"""tests/live/tap.py - what goes over the wire, read along."""

import socket
import threading

from test_tool import HOSTS, listener


class Tap:
    """A port that leads to the node, and keeps what passes."""

    def __init__(self):
        self.server, self.address = listener()
        self.pipes = []  # (to the node, from it), of each connection
        self.sockets = [self.server]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        host, colon, port = HOSTS.rpartition(":")
        address = (host, int(port)) if colon else (HOSTS, 9042)
        while True:
            try:
                client = self.server.accept()[0]
            except OSError:
                return
            node = socket.create_connection(address)
            self.sockets += client, node
            sent, answered = bytearray(), bytearray()
            self.pipes.append((sent, answered))
            for a, b, kept in (client, node, sent), (node, client, answered):
                threading.Thread(
                    target=self.copy, args=(a, b, kept), daemon=True
                ).start()

    @staticmethod
    def copy(a, b, kept):
        try:
            while part := a.recv(65536):
                kept += part
                b.sendall(part)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        for s in self.sockets:
            s.close()

    @staticmethod
    def frames(kept):
        """Of CQL: (opcode, flags, body) of each."""
        at = 0
        while at + 9 <= len(kept):
            size = int.from_bytes(kept[at + 5 : at + 9], "big")
            yield kept[at + 4], kept[at + 1], bytes(kept[at + 9 : at + 9 + size])
            at += 9 + size

    def requests(self, opcode):
        return [
            (flags, body)
            for sent, _ in self.pipes
            for code, flags, body in self.frames(sent)
            if code == opcode
        ]

    @staticmethod
    def records(kept):
        """Of TLS: the type of each."""
        at = 0
        while at + 5 <= len(kept):
            yield kept[at]
            at += 5 + int.from_bytes(kept[at + 3 : at + 5], "big")
        assert at == len(kept), "there is half a record"
