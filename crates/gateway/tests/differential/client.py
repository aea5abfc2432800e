"""The least of an HTTP client: sends bytes as they are, reads every answer that comes."""

import asyncio
import dataclasses


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    def of_gate(self):
        """Whether the gate itself answered."""
        return "x-witness" not in self.headers and "problem+json" in self.headers.get("content-type", "")


async def read_answer(reader, is_head=False):
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        if status >= 200:
            break
    headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:] if line)}
    if is_head or status in (204, 304):
        body = b""
    elif headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while True:
            size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
            body += (await reader.readexactly(size + 2))[:-2]
            if size == 0:
                break
    elif "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        body = await reader.read()
    return Answer(status, headers, body)


class Client:
    """Connections to one gateway: kept for ordinary framing, fresh for requests that may spoil one."""

    def __init__(self, port):
        self.port = port
        self.idle = []

    async def send(self, raw, is_fresh=False):
        """All answers to a request; none if the gate closed the connection without one."""
        if is_fresh:
            return await self.send_fresh(raw)
        while self.idle:
            reader, writer = self.idle.pop()
            try:
                return [await asyncio.wait_for(self.exchange(reader, writer, raw), 20)]
            except (OSError, EOFError, ValueError, IndexError):
                writer.close()  # The gate had closed it.
        return await self.send_fresh(raw, is_kept=True)

    async def send_fresh(self, raw, is_kept=False):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)
        answers = []
        try:
            if is_kept:
                return [await asyncio.wait_for(self.exchange(reader, writer, raw), 20)]
            writer.write(raw)
            while True:
                # A second answer comes at once or never.
                answers.append(await asyncio.wait_for(read_answer(reader), 0.3 if answers else 20))
        except (OSError, EOFError, asyncio.TimeoutError, ValueError, IndexError):
            pass
        writer.close()
        return answers

    async def exchange(self, reader, writer, raw):
        writer.write(raw)
        answer = await read_answer(reader)
        if answer.headers.get("connection", "").lower() == "close" or answer.status >= 400:
            writer.close()
        else:
            self.idle.append((reader, writer))
        return answer
