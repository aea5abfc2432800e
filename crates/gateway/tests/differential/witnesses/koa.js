// Koa with koa-body: co-body for forms and JSON, formidable for multipart.
const fs = require("node:fs");
const Koa = require("koa");
const { koaBody } = require("koa-body");

// formidable throws outside of any request at some bodies.
process.on("uncaughtException", () => {});

const app = new Koa();
app.silent = true;
app.use(async (context, next) => {
  context.set("X-Witness", "koa");
  await next();
});
app.use(koaBody({ multipart: true, jsonStrict: false, parsedMethods: ["POST", "PUT", "PATCH", "DELETE", "GET"] }));
app.use((context) => {
  const files = Object.entries(context.request.files ?? {}).flatMap(([name, value]) =>
    [value].flat().map((file) => {
      const content = fs.readFileSync(file.filepath, "utf8");
      fs.unlinkSync(file.filepath);
      return [name, file.originalFilename, content];
    }),
  );
  const body = context.request.body;
  const read = context.is("urlencoded", "multipart") ? { form: body } : { json: body };
  const cookies = {};
  for (const [, name] of (context.headers.cookie ?? "").matchAll(/([^=;\s]+)=/g)) cookies[name] = context.cookies.get(name);
  context.body = {
    path: decodeURIComponent(context.path),
    query: context.query,
    ...read,
    files,
    cookies,
    headers: context.headers,
  };
});
app.listen(Number(process.argv[2]), "127.0.0.1");
