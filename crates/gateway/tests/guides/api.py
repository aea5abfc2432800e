"""A small API on aiohttp that tells what reached it: `api.py PORT`."""
import asyncio
import sys

from aiohttp import WSMsgType, web


async def echo(request):
    body = await request.read()
    answer = web.json_response({"headers": [list(pair) for pair in request.headers.items()], "path": request.raw_path,
                                "length": len(body)})
    answer.set_cookie("session", "1")
    return answer


async def events(request):
    """One event, and another one when the client has said that it has the first."""
    stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await stream.prepare(request)
    await stream.write(b"data: first\n\n")
    await asyncio.wait_for(request.app["seen"].wait(), 20)
    request.app["seen"].clear()
    await stream.write(b"data: second\n\n")
    return stream


async def has_seen(request):
    request.app["seen"].set()
    return web.json_response({})


async def websocket(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            await socket.send_str("echo " + message.data)
    return socket


async def with_events(app):
    app["seen"] = asyncio.Event()


app = web.Application(client_max_size=1 << 30)
app.on_startup.append(with_events)
app.router.add_get("/events", events)
app.router.add_post("/seen", has_seen)
app.router.add_get("/socket", websocket)
app.router.add_route("*", "/{rest:.*}", echo)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
