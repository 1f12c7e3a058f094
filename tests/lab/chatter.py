"""Real TCP connections that say something all the time: `chatter.py serve ADDRESS` and `chatter.py talk ADDRESS COUNT`.

Each asks, is answered, and waits for a moment, like what goes on between production machines.
"""

import asyncio
import os
import random
import subprocess
import sys

PORT = 5432
QUESTION, ANSWER = b"q" * 200, b"a" * 900
PAUSE_S = (0.02, 0.2)


async def _answer(reader, writer):
    try:
        while await reader.readexactly(len(QUESTION)):
            writer.write(ANSWER)
    except asyncio.IncompleteReadError:
        writer.close()


async def _serve(address):
    async with await asyncio.start_server(_answer, address, PORT) as server:
        print("ready", flush=True)
        await server.serve_forever()


async def _talk(address):
    reader, writer = await asyncio.open_connection(address, PORT)
    while True:
        writer.write(QUESTION)
        await reader.readexactly(len(ANSWER))
        await asyncio.sleep(random.uniform(*PAUSE_S))


async def _talk_all(address, count):
    talks = [asyncio.create_task(_talk(address)) for _ in range(count)]
    print("ready", flush=True)
    await asyncio.gather(*talks)


class Chatter:
    """Connections from one namespace to another, until they are removed."""

    def __init__(self, client, server, address, count):
        self._programs = []
        self._start(server, "serve", address)
        self._start(client, "talk", address, count)

    def _start(self, ns, *argv):
        program = ns.start(sys.executable, os.path.abspath(__file__), *map(str, argv), stdout=subprocess.PIPE,
                           text=True)
        self._programs.append(program)
        assert program.stdout.readline() == "ready\n", f"chatter {argv} has not begun"

    def remove(self):
        for program in self._programs:
            program.kill()
            program.communicate()


if __name__ == "__main__":
    what, where, *how_many = sys.argv[1:]
    asyncio.run(_serve(where) if what == "serve" else _talk_all(where, int(how_many[0])))
