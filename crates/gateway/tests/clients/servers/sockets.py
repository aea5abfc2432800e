"""An ASGI application with WebSockets: an echo, a broadcast of pieces, closes with codes."""

import json


async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            event = await receive()
            await send({"type": event["type"] + ".complete"})
            if event["type"] == "lifespan.shutdown":
                return
    if scope["type"] == "http":
        text = json.dumps({"version": scope["http_version"], "path": scope["path"]}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        return await send({"type": "http.response.body", "body": text})
    await receive()
    wanted = scope.get("subprotocols", [])
    if scope["path"] == "/closed":
        return await send({"type": "websocket.close", "code": 1000})
    await send({"type": "websocket.accept", "subprotocol": wanted[-1] if wanted else None})
    if scope["path"] == "/count":
        for number in range(100):
            await send({"type": "websocket.send", "text": str(number)})
        return await send({"type": "websocket.close", "code": 4001, "reason": "that's all; bye"})
    while (event := await receive())["type"] == "websocket.receive":
        kind = "text" if event.get("text") is not None else "bytes"
        await send({"type": "websocket.send", kind: event[kind]})
