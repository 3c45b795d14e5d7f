"""Workers that sleep, on a clock of their own."""
import heapq
import itertools
import time

from scalenas_mm.evaluation.base import Outcome
from scalenas_mm.evaluation.elastic import Done, Lost, Pool, Ready


class SimulatedPool(Pool):
    """Workers that take as long as they are told to.

    The clock goes on to the next event while the driver waits, and as fast as
    a real one while the driver works.

    Args:
        num (int): How many workers.
        seconds (Callable): How long an architecture takes.
        metrics (Callable): What is measured for an architecture.
        dies (Callable): Whether a worker dies of an architecture; takes the
            worker's number and the architecture.
        real (bool): Whether the driver's work takes time.
        delay (float): Seconds that messages take for each job.
        joins (Callable): When a worker, by number, is there.
        replaced (bool): Whether another comes for each that is lost.
    """

    def __init__(self,
                 num,
                 seconds,
                 metrics,
                 dies=lambda worker, arch: False,
                 real=True,
                 delay=0.0,
                 joins=lambda worker: 0.0,
                 replaced=True):
        self.seconds, self.metrics, self.dies = seconds, metrics, dies
        self.real, self.delay, self.replaced = real, delay, replaced
        self.joins = joins
        self.clock = self.busy = self.worked = 0.0
        self.left = time.perf_counter()
        self.order = itertools.count()
        self.names = itertools.count()
        self.events = []
        self.alive = set()
        for _ in range(num):
            self.join()

    @property
    def num(self):
        return len(self.alive)

    def now(self):
        return self.clock

    def join(self):
        worker = next(self.names)
        self.alive.add(worker)
        self.at(max(self.clock, self.joins(worker)), Ready(worker))

    def at(self, when, event):
        heapq.heappush(self.events, (when, next(self.order), event))

    def submit(self, worker, archs):
        when = self.clock + self.delay
        for arch in archs:
            if self.dies(worker, arch):
                self.at(when, Lost(worker, 'killed'))
                return
            when += self.seconds(arch)
        self.worked += when - self.clock - self.delay
        outcomes = [Outcome(self.metrics(arch)) for arch in archs]
        self.at(when, Done(worker, outcomes))

    def wait(self, seconds):
        if self.real:
            spent = time.perf_counter() - self.left
            self.clock += spent
            self.busy += spent
        end = self.clock + seconds
        if self.events and self.events[0][0] <= end:
            self.clock = max(self.clock, self.events[0][0])
        else:
            self.clock = end
        out = []
        while self.events and self.events[0][0] <= self.clock:
            event = heapq.heappop(self.events)[2]
            if event.worker in self.alive:  # not one that was ended
                out.append(event)
            if isinstance(event, Lost):
                self.end(event.worker)
        self.left = time.perf_counter()
        return out

    def end(self, worker):
        if worker in self.alive:
            self.alive.discard(worker)
            if self.replaced:
                self.join()
