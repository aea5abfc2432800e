// Fastify with its plugins for forms, multipart and cookies.
const fastify = require("fastify")({ exposeHeadRoutes: false, onProtoPoisoning: "ignore", onConstructorPoisoning: "ignore" });

fastify.register(require("@fastify/formbody"));
fastify.register(require("@fastify/multipart"));
fastify.register(require("@fastify/cookie"));
fastify.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => {
  try {
    done(null, JSON.parse(body));
  } catch {
    done(null, body.toString());
  }
});
fastify.addHook("onSend", async (_request, reply) => {
  reply.header("X-Witness", "fastify");
});
fastify.register(async (routes) => {
  routes.all("/*", async (request) => {
    const files = [];
    const form = {};
    if (request.isMultipart()) {
      for await (const part of request.parts()) {
        if (part.type === "file") files.push([part.fieldname, part.filename, (await part.toBuffer()).toString("utf8")]);
        else (form[part.fieldname] ??= []).push(part.value);
      }
    }
    const urlencoded = /^application\/x-www-form-urlencoded/i.test(request.headers["content-type"] ?? "");
    return {
      path: request.params["*"],
      query: request.query,
      form: urlencoded ? request.body : form,
      json: urlencoded ? null : request.body,
      files,
      cookies: request.cookies,
      headers: request.headers,
    };
  });
});
fastify.listen({ port: Number(process.argv[2]), host: "127.0.0.1" });
