# The server side of a website: answers its pages with what workers of other apps say. It needs fastapi and uvicorn.
import asyncio
import os

from nexus_mesh import App as AppClass

App = AppClass(rest=int(os.environ.get("PORT", "3000")))


@App.rest.get("/product")
async def product(a: int, b: int):
    return await App.api(app="calc", cmd="multiply", body={"a": a, "b": b})


@App.rest.post("/order")
async def order(order: dict):
    # Without a resource any worker of the app may get it.
    answer = await App.direct(app="calc", resource="orders", body=order)
    await App.sendtochannel("lobby", {"text": f"{App.uid} has sold {order['what']}"})
    return answer


print("ready")
asyncio.get_event_loop().run_forever()
