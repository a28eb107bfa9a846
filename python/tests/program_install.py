"""A worker with the platform's own App, whose transport is replaced."""

import asyncio
import json

from nexus_mesh import NexusError, install, setTimeout


class PlatformApp:
    """As far as a worker sees it."""

    def __init__(self, image, public, rest):
        self.payg = {"left": 7}
        self.app = "configured"

    async def api(self, **request):
        raise AssertionError("the old transport")

    def rest(self):
        return "its own"


App = PlatformApp(image="", public=True, rest=False)
same = install(App, public=True) is App


def tell(event: str, **more: object) -> None:
    print(json.dumps({"event": event, **more}), flush=True)


@App.nexus.API("double")
def double(specs):
    return {"code": 0, "result": 2 * specs.body["a"]}


def refused(value):
    try:
        install(value)
    except NexusError as error:
        return error.code


@setTimeout(1)
async def begin():
    answer = await App.api(app="pyinstall", cmd="double", body={"a": 21})
    tell("installed", same=same, answer=answer, payg=App.payg, rest=App.rest(), app=App.app, bad=refused(object()))


asyncio.get_event_loop().run_forever()
