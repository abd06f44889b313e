"""tests/chaos/resources.py - what the driver holds before the faults and after:
connections, by what the system says, and memory, by what the library asked its
allocator for."""

import os
import time

# After the last fault, and some of it is gone already.
BACK_SECONDS = 10
# Buffers and tables that a storm has made grow are kept.
MEMORY_TIMES = 1.25
POLL_SECONDS = 0.1
STABLE_SECONDS = 3
ESTABLISHED = "01"


class Resources:
    """The driver is calm meanwhile: hardly anything is under way, and sessions
    that do not last are closed."""

    def __init__(self, driver):
        self.driver = driver
        self.on_the_way = []

    def tell(self, word):
        self.driver.stdin.write(word + "\n")
        self.driver.stdin.flush()

    def bytes(self):
        self.tell("bytes")
        return int(self.driver.stdout.readline() or 0)

    def note_bytes(self):
        """On the way: nobody is calm."""
        self.on_the_way.append(self.bytes())

    def connections(self):
        folder = "/proc/%d/fd" % self.driver.pid
        mine = set()
        for fd in os.listdir(folder):
            try:
                mine.add(os.readlink(os.path.join(folder, fd)))
            except OSError:  # closed since it was listed
                pass
        with open("/proc/net/tcp") as file:
            rows = [line.split() for line in file][1:]
        return sum(row[3] == ESTABLISHED and "socket:[%s]" % row[9] in mine
                   for row in rows)

    def before(self):
        """Once the number of connections is the same for a while."""
        self.tell("calm")
        last, since = None, time.monotonic()
        while time.monotonic() - since < STABLE_SECONDS:
            now = self.connections()
            if now != last:
                last, since = now, time.monotonic()
            time.sleep(POLL_SECONDS)
        self.was = (last, self.bytes())
        self.tell("go")

    def fits(self):
        return (self.now[0] == self.was[0]
                and self.now[1] <= MEMORY_TIMES * self.was[1])

    def grew(self):
        return max(self.on_the_way, default=0) > MEMORY_TIMES * self.was[1]

    def after(self):
        self.tell("calm")
        begin = time.monotonic()
        while True:
            self.now = (self.connections(), self.bytes())
            self.seconds = time.monotonic() - begin
            if self.fits() or self.seconds > BACK_SECONDS:
                return
            time.sleep(POLL_SECONDS)

    def report(self):
        print("connections       %d before, %d after" % (
            self.was[0], self.now[0]))
        print("memory            %d KiB before, %d KiB at most after a fault "
              "of a node, %d KiB in the end" % (
                  self.was[1] / 1024, max(self.on_the_way, default=0) / 1024,
                  self.now[1] / 1024))
        print("resources         as before after %d ms of calm"
              % (self.seconds * 1000))
        if self.fits() and not self.grew():
            return 0
        print("WRONG: not as many connections as before, or more than %.2f "
              "times the memory" % MEMORY_TIMES)
        return 1
