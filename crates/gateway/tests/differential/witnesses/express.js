// Express with qs, body-parser, multer (busboy) and cookie-parser.
const express = require("express");
const cookies = require("cookie-parser");
const multer = require("multer");
const querystring = require("node:querystring");

function json(raw) {
  try {
    return JSON.parse(raw);
  } catch {
    return null;
  }
}

const app = express();
app.set("query parser", "extended");
const keep = (request, _response, buffer) => (request.raw = buffer);
app.use(cookies());
app.use(express.json({ strict: false, verify: keep, type: ["json", "+json"] }));
app.use(express.urlencoded({ extended: true, verify: keep }));
app.use(express.text({ verify: keep }));
app.use(multer().any());
app.use(express.raw({ type: (request) => !/^multipart\//i.test(request.headers["content-type"] ?? ""), verify: keep }));
app.use((request, response) => {
  const body = Buffer.isBuffer(request.body) ? request.body.toString("latin1") : request.body;
  const type = request.headers["content-type"] ?? "";
  const read = request.is("urlencoded") || /^multipart\//i.test(type) ? { form: body } : { json: body };
  response.set("X-Witness", "express").json({
    path: decodeURIComponent(request.path),
    query: request.query,
    simple: querystring.parse(request.url.split("?").slice(1).join("?")),
    ...read,
    anyjson: request.raw ? json(request.raw.toString()) : null,
    files: (request.files ?? []).map((f) => [f.fieldname, f.originalname, f.buffer.toString("utf8")]),
    cookies: request.cookies,
    headers: request.headers,
    trailers: request.trailers,
  });
});
app.use((error, _request, response, _next) => {
  response.status(error.status ?? 400).set("X-Witness", "express").json({ error: error.message });
});
app.listen(Number(process.argv[2]), "127.0.0.1");
