"""Calls of a Node worker from Python. Of each line, `{inFlight, seconds}`, it makes a load, and prints what it gave."""

import asyncio
import json
import sys
import time

from nexus_mesh import Nexus

credential, bootstrap, text = sys.argv[1:]


async def main() -> None:
    async with Nexus(credential, json.loads(bootstrap), listen=[]) as nexus:
        count = 0

        async def call() -> None:
            nonlocal count
            a = count = (count + 1) % 1000
            answer = await nexus.api(app="etest", cmd="multiply", body={"a": a, "b": 7, "text": text})
            if answer["product"] != a * 7:
                raise ValueError(answer)

        async def many(until: float, times: list) -> None:
            while (now := time.perf_counter()) < until:
                await call()
                times.append((time.perf_counter() - now) * 1000)

        print(json.dumps("ready"), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            order = json.loads(line)
            times: list = []
            start = time.perf_counter()
            until = start + order["seconds"]
            await asyncio.gather(*(many(until, times) for _ in range(order["inFlight"])))
            rate = len(times) / (time.perf_counter() - start)
            print(json.dumps({"rate": rate, "times": times}), flush=True)


asyncio.run(main())
