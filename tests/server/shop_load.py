"""A shop's mix of requests from many clients at once, over keep-alive connections of asyncio: each looks at items and
asks what to look at next; all remember what the server acknowledged."""

import asyncio
import dataclasses
import json
import random
import time

ITEMS = 40
DEPARTMENTS = 4


@dataclasses.dataclass
class outcome:
    acknowledged: dict = dataclasses.field(default_factory=dict)  # event id -> (user, item, timestamp)
    unsure: dict = dataclasses.field(default_factory=dict)        # sent, and never answered
    forgotten: set = dataclasses.field(default_factory=set)
    errors: list = dataclasses.field(default_factory=list)
    seconds: list = dataclasses.field(default_factory=list)       # of each recommendation
    requests: int = 0

    def percentile(self, share):
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class connection:
    """One keep-alive connection; opened again when the server was away."""

    def __init__(self, address, token):
        self.address = address
        self.head = f"Host: shop\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        self.reader = self.writer = None

    async def ask(self, verb, path, body):
        """(status, JSON) or an OSError or EOFError when the server went away meanwhile."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(*self.address())
        data = json.dumps(body).encode()
        try:
            self.writer.write(f"{verb} {path} HTTP/1.1\r\n{self.head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))[15:])
            answer = await self.reader.readexactly(length)
        except (OSError, EOFError):
            self.writer.close()
            self.writer = None
            raise
        return int(head.split()[1]), json.loads(answer)

    def close(self):
        if self.writer is not None:
            self.writer.close()


class shop_load:
    def __init__(self, server, clients, seconds, seed, away_is_fine=False):
        self.server = server
        self.clients = clients
        self.seconds = seconds
        self.seed = seed
        self.away_is_fine = away_is_fine  # the server is killed meanwhile
        self.outcome = outcome()
        self.pause = random.Random(seed)

    def address(self):
        return "127.0.0.1", self.server.port

    async def again(self, link, verb, path, body):
        """Asks until there is an answer, when the server may be away."""
        while True:
            try:
                status, answer = await link.ask(verb, path, body)
            except (OSError, EOFError, AttributeError):
                if not self.away_is_fine:
                    raise
                await asyncio.sleep(0.1)
                continue
            if status == 503:
                await asyncio.sleep(0.2)
                continue
            self.outcome.requests += 1
            return status, answer

    async def client(self, number, until):
        draw = random.Random(self.seed * 100_003 + number)
        link = connection(self.address, self.server.token)
        step = 0
        while time.monotonic() < until:
            user = f"load-{number}-{step // 20}"
            step += 1
            event = {"user_id": user, "item_id": f"item-{number % DEPARTMENTS}-{draw.randrange(ITEMS // DEPARTMENTS):02}",
                     "event_type": "view", "event_id": f"{number}-{step}", "timestamp": 1_700_000_000_000 + number * 100_000 + step}
            key, value = event["event_id"], (user, event["item_id"], event["timestamp"])
            self.outcome.unsure[key] = value
            status, answer = await self.again(link, "POST", "/api/v1/datasets/shop/events", event)
            if status != 200:
                self.outcome.errors.append((status, answer))
                continue
            self.outcome.acknowledged[key] = self.outcome.unsure.pop(key)
            begin = time.monotonic()
            status, answer = await self.again(link, "POST", "/api/v1/recommenders/shop/recommendations",
                                              {"user": user, "count": 10})
            self.outcome.seconds.append(time.monotonic() - begin)
            if status != 200 or not answer["personal"]:
                self.outcome.errors.append((status, answer))
            await asyncio.sleep(draw.uniform(0, 0.2))
        link.close()

    async def forgetting(self, until):
        """Every second somebody who is done with the shop is forgotten."""
        link = connection(self.address, self.server.token)
        turn = 0
        while time.monotonic() < until:
            await asyncio.sleep(1)
            user = f"user-{turn:04}"
            turn += 1
            status, answer = await self.again(link, "POST", "/api/v1/subjects/erasures", {"users": [user]})
            # After a kill the first request may have been kept, though its answer was lost.
            if status == 202 or (self.away_is_fine and status == 404):
                self.outcome.forgotten.add(user)
            else:
                self.outcome.errors.append((status, answer))
        link.close()

    async def in_the_middle(self, action):
        await asyncio.sleep(self.seconds / 2)
        await asyncio.get_running_loop().run_in_executor(None, action)

    async def everything(self, action):
        until = time.monotonic() + self.seconds
        await asyncio.gather(*(self.client(number, until) for number in range(self.clients)), self.forgetting(until),
                             self.in_the_middle(action))

    def run(self, in_the_middle):
        asyncio.run(self.everything(in_the_middle))
        return self.outcome
