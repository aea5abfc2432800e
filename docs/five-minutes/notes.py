"""A small API without any protection: notes, kept in memory. `python3 notes.py [PORT]`; 3000 by default."""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

notes = [{"id": 1, "author": "alice", "text": "Buy bread", "pinned": False}]


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        words = parse_qs(url.query).get("q", [""])[0]
        if url.path == "/notes":
            return self.answer(200, [note for note in notes if words in note["text"]])
        if url.path == "/debug":
            return self.answer(200, {"path": sys.path})
        for note in notes:
            if url.path == f"/notes/{note['id']}":
                return self.answer(200, note)
        self.answer(404, {"error": "no such note"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        # Whatever the client sends is stored, its own id and `pinned` included.
        note = {"id": len(notes) + 1, "author": "nobody", "text": "", "pinned": False} | json.loads(body)
        notes.append(note)
        self.answer(201, note)

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


port = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
ThreadingHTTPServer(("127.0.0.1", port), Api).serve_forever()
