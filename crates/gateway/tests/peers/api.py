"""An ordinary API on aiohttp: echo, upload, server-sent events, WebSocket, a page."""
import asyncio
import sys

from aiohttp import WSMsgType, web


async def echo(request):
    body = await request.read()
    return web.json_response({"method": request.method, "path": request.path, "length": len(body)})


async def upload(request):
    total = 0
    async for piece in request.content.iter_chunked(65536):
        total += len(piece)
    return web.json_response({"bytes": total})


async def events(request):
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for number in range(int(request.query.get("count", "3"))):
        await response.write(b"data: %d\n\n" % number)
        await asyncio.sleep(0.2)
    return response


async def download(request):
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    await response.prepare(request)
    for _ in range(1000):
        await response.write(b"x" * 65536)
    return response


async def large(request):
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"other":"')
    for _ in range(200):
        await response.write(b"x" * 100000)
    await response.write(b'"}')
    return response


async def websocket(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            await socket.send_str("echo " + message.data)
    return socket


async def page(_):
    return web.Response(text="<!doctype html><title>page</title><p>served</p>", content_type="text/html")


app = web.Application(client_max_size=1 << 30)
app.router.add_post("/upload", upload)
app.router.add_get("/events", events)
app.router.add_get("/download", download)
app.router.add_get("/large", large)
app.router.add_get("/ws", websocket)
app.router.add_get("/page", page)
app.router.add_route("*", "/{tail:.*}", echo)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
