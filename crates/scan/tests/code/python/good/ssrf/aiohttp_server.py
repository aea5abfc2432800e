from aiohttp import web

async def echo(request):
    return web.json_response({"headers": [list(pair) for pair in request.headers.items()]})
