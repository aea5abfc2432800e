"""Says something over a WebSocket and prints the answer."""
import asyncio
import sys

import aiohttp


async def main():
    async with aiohttp.ClientSession(headers={"User-Agent": "test"}) as session:
        async with session.ws_connect(sys.argv[1]) as socket:
            for text in ("one", "two' OR '1'='1"):
                await socket.send_str(text)
                print(await socket.receive_str())


asyncio.run(main())
