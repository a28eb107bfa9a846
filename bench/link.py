"""Calls of a Node worker from Python: p50 in ms one at a time, and calls a second with many in flight, as JSON."""

import asyncio
import json
import sys
import time

from nexus_mesh import Nexus

credential, bootstrap, text, seconds, in_flight = sys.argv[1:]


async def main() -> None:
    async with Nexus(credential, json.loads(bootstrap), listen=[]) as nexus:
        count = 0

        async def call() -> None:
            nonlocal count
            count += 1
            answer = await nexus.api(app="etest", cmd="multiply", body={"a": count % 1000, "b": 7, "text": text})
            if answer["product"] != count % 1000 * 7 and int(in_flight) == 1:
                raise ValueError(answer)

        async def many(until: float) -> int:
            calls = 0
            while time.perf_counter() < until:
                await call()
                calls += 1
            return calls

        await asyncio.gather(*(many(time.perf_counter() + 1) for _ in range(int(in_flight))))
        start = time.perf_counter()
        done = sum(await asyncio.gather(*(many(start + float(seconds)) for _ in range(int(in_flight)))))
        rate = done / (time.perf_counter() - start)
        times = []
        end = time.perf_counter() + float(seconds)
        while (now := time.perf_counter()) < end:
            await call()
            times.append((time.perf_counter() - now) * 1000)
        print(json.dumps({"rate": rate, "p50": sorted(times)[len(times) // 2]}))


asyncio.run(main())
