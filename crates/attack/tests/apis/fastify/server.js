// Events and their tickets, with Fastify: schemas for everything, helmet, rate limits, JSON web tokens. Well made.
'use strict';

const crypto = require('node:crypto');
const { parseArgs, promisify } = require('node:util');
const Fastify = require('fastify');

const { values: options } = parseArgs({ options: { port: { type: 'string', default: '3000' } } });
const scrypt = promisify(crypto.scrypt);

async function hash(password, salt = crypto.randomBytes(16)) {
  return `${salt.toString('hex')}:${(await scrypt(password, salt, 32)).toString('hex')}`;
}

async function right(password, stored) {
  const again = await hash(password, Buffer.from(stored.split(':')[0], 'hex'));
  return crypto.timingSafeEqual(Buffer.from(again), Buffer.from(stored));
}

// ---- data

const users = [];
const tickets = [];
const events = [
  ["Farmers' market", 'Leeds'], ['Jazz night', 'Cork'], ['Jazz brunch', 'Cork'], ["Children's theatre", 'Malmö'],
  ['Night run', 'Leeds'], ['Open kitchen', 'Turin'], ["St. John's fair", 'Turin'],
].map(([name, city], i) => ({ id: i + 1, name, city, seats: 100 - i, startsAt: `2031-0${i + 1}-12T18:00:00Z` }));

async function fill() {
  for (const [username, name, password, admin] of [
    ['otto', 'Otto Brandt', 'events-otto-pass-1', false], ['lena', "Lena O'Shea", 'events-lena-pass-2', false],
    ['rosa', 'Rosa Organiser', 'events-rosa-pass-3', true],
  ]) users.push({ id: users.length + 1, username, name, admin, password: await hash(password) });
  for (const [userId, eventId] of [[1, 1], [1, 2], [2, 3], [2, 5]]) tickets.push({ id: tickets.length + 1, userId, eventId, seat: `A${tickets.length + 1}`, boughtAt: new Date().toISOString() });
}

// ---- schemas

const id = { type: 'object', required: ['id'], properties: { id: { type: 'integer', minimum: 1, maximum: 2147483647 } } };
const event = {
  $id: 'Event', type: 'object',
  properties: { id: { type: 'integer' }, name: { type: 'string' }, city: { type: 'string' }, seats: { type: 'integer' }, startsAt: { type: 'string', format: 'date-time' } },
};
const ticket = {
  $id: 'Ticket', type: 'object',
  properties: { id: { type: 'integer' }, eventId: { type: 'integer' }, seat: { type: 'string' }, boughtAt: { type: 'string', format: 'date-time' }, note: { type: 'string' } },
};
const me = { $id: 'Me', type: 'object', properties: { id: { type: 'integer' }, username: { type: 'string' }, name: { type: 'string' }, admin: { type: 'boolean' } } };
const problem = { $id: 'Problem', type: 'object', properties: { statusCode: { type: 'integer' }, error: { type: 'string' }, message: { type: 'string' } } };
const bearer = [{ bearer: [] }];
const list = (of) => ({ type: 'object', properties: { results: { type: 'array', items: { $ref: `${of}#` } }, total: { type: 'integer' }, requestId: { type: 'string' }, at: { type: 'string' } } });
const text = (most, least = 1) => ({ type: 'string', minLength: least, maxLength: most });

async function main() {
  await fill();
  const nobody = await hash(crypto.randomUUID());
  const app = Fastify({ logger: false, genReqId: () => crypto.randomUUID(), bodyLimit: 64 * 1024 });
  for (const schema of [event, ticket, me, problem]) app.addSchema(schema);
  await app.register(require('@fastify/swagger'), {
    openapi: {
      openapi: '3.0.3', info: { title: 'Events', version: '3.0.0' },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
    refResolver: { buildLocalReference: (json, _, __, i) => json.$id || `def-${i}` },
  });
  await app.register(require('@fastify/helmet'), {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'self'"], frameAncestors: ["'none'"] } },
    frameguard: { action: 'deny' }, referrerPolicy: { policy: 'strict-origin-when-cross-origin' },
    crossOriginResourcePolicy: false,
  });
  await app.register(require('@fastify/rate-limit'), { max: 1200, timeWindow: '1 minute' });
  await app.register(require('@fastify/jwt'), { secret: crypto.randomBytes(32), sign: { algorithm: 'HS256', expiresIn: '15m' }, verify: { algorithms: ['HS256'] } });
  app.addHook('onSend', async (request, reply) => {
    reply.header('Permissions-Policy', 'camera=(), microphone=(), geolocation=()');
    reply.header('X-Request-Id', request.id);
    // What is public, any site may read; there are no cookies.
    if (request.method === 'GET' && request.url.startsWith('/events')) {
      reply.header('Access-Control-Allow-Origin', '*').header('Cross-Origin-Resource-Policy', 'cross-origin');
    } else {
      reply.header('Cross-Origin-Resource-Policy', 'same-origin').header('Cache-Control', 'no-store');
    }
  });
  const fail = (statusCode, message) => Object.assign(new Error(message), { statusCode });
  app.setErrorHandler((error, request, reply) => {
    const status = error.statusCode || 500;
    reply.code(status).send({ statusCode: status, error: status >= 500 ? 'Internal Server Error' : error.name, message: status >= 500 ? 'Something went wrong' : error.message });
  });
  const authenticate = async (request) => {
    await request.jwtVerify();
    const user = users.find((u) => u.id === Number(request.user.sub));
    if (!user || revoked.has(request.user.jti)) throw fail(401, 'Please log in');
    request.account = user;
  };
  const organiser = async (request) => {
    if (!request.account.admin) throw fail(403, 'Organisers only');
  };
  const revoked = new Set();

  const failures = new Map();
  const recent = (key) => {
    const kept = (failures.get(key) || []).filter((at) => at > Date.now() - 900000);
    failures.set(key, kept);
    return kept;
  };

  app.after(() => {
    app.post('/login', {
      schema: {
        tags: ['account'],
        body: { type: 'object', required: ['username', 'password'], properties: { username: text(60), password: text(200) } },
        response: { 200: { type: 'object', properties: { token: { type: 'string' }, user: { $ref: 'Me#' } } }, '4xx': { $ref: 'Problem#' } },
      },
    }, async (request, reply) => {
      const { username, password } = request.body;
      const keys = [[`u:${username.toLowerCase()}`, 5], [`a:${request.ip}`, 20]];
      if (keys.some(([key, most]) => recent(key).length >= most)) {
        reply.header('Retry-After', '900');
        throw fail(429, 'Too many failed log ins');
      }
      const user = users.find((u) => u.username === username);
      const matching = await right(password, user ? user.password : nobody);
      if (!user || !matching) {
        for (const [key] of keys) recent(key).push(Date.now());
        throw fail(401, 'User name or password is wrong');
      }
      return { token: app.jwt.sign({}, { sub: String(user.id), jti: crypto.randomUUID() }), user };
    });

    app.post('/logout', { onRequest: authenticate, schema: { tags: ['account'], security: bearer, response: { 204: { type: 'null' } } } }, async (request, reply) => {
      revoked.add(request.user.jti);
      reply.code(204).send();
    });

    app.get('/me', { onRequest: authenticate, schema: { tags: ['account'], security: bearer, response: { 200: { $ref: 'Me#' } } } }, async (request) => request.account);

    app.patch('/me', {
      onRequest: authenticate,
      schema: { tags: ['account'], security: bearer, body: { type: 'object', additionalProperties: false, properties: { name: text(100) } }, response: { 200: { $ref: 'Me#' } } },
    }, async (request) => {
      if (request.body.name !== undefined) request.account.name = request.body.name;
      return request.account;
    });

    app.get('/events', {
      schema: {
        tags: ['events'],
        querystring: { type: 'object', properties: { q: { type: 'string', maxLength: 100 }, city: { type: 'string', maxLength: 100 }, page: { type: 'integer', minimum: 1, default: 1 }, size: { type: 'integer', minimum: 1, maximum: 50, default: 20 } } },
        response: { 200: list('Event') },
      },
    }, async (request) => {
      const { q = '', city, page, size } = request.query;
      // Any of the words: more words find more.
      const words = q.toLowerCase().split(/\s+/).filter(Boolean);
      const found = events.filter((e) => (!words.length || words.some((w) => e.name.toLowerCase().includes(w))) && (!city || e.city === city));
      return { results: found.slice((page - 1) * size, page * size), total: found.length, requestId: request.id, at: new Date().toISOString() };
    });

    app.get('/events/featured', { schema: { tags: ['events'], description: 'In another order each time', response: { 200: list('Event') } } }, async (request) => {
      const shuffled = events.map((e) => [Math.random(), e]).sort((a, b) => a[0] - b[0]).map(([, e]) => e);
      return { results: shuffled.slice(0, 3), total: events.length, requestId: request.id, at: new Date().toISOString() };
    });

    app.get('/events/:id', { schema: { tags: ['events'], params: id, response: { 200: { $ref: 'Event#' }, '4xx': { $ref: 'Problem#' } } } }, async (request) => {
      const found = events.find((e) => e.id === request.params.id);
      if (!found) throw fail(404, 'No such event');
      return found;
    });

    app.get('/events/by-name/:name', { schema: { tags: ['events'], params: { type: 'object', properties: { name: text(100) } }, response: { 200: { $ref: 'Event#' }, '4xx': { $ref: 'Problem#' } } } }, async (request) => {
      const found = events.find((e) => e.name.toLowerCase() === request.params.name.toLowerCase());
      // Repeats what was asked for, in JSON.
      if (!found) throw fail(404, `There is no event called ${request.params.name}`);
      return found;
    });

    app.post('/events', {
      onRequest: authenticate, preHandler: organiser,
      schema: { tags: ['events'], security: bearer, body: { type: 'object', additionalProperties: false, required: ['name', 'city'], properties: { name: text(100), city: text(100), seats: { type: 'integer', minimum: 1, maximum: 10000 } } }, response: { 201: { $ref: 'Event#' }, '4xx': { $ref: 'Problem#' } } },
    }, async (request, reply) => {
      const made = { id: events.length + 1, seats: 50, ...request.body, startsAt: '2032-01-01T18:00:00Z' };
      events.push(made);
      return reply.code(201).send(made);
    });

    const own = (request) => {
      const found = tickets.find((t) => t.id === request.params.id && t.userId === request.account.id);
      if (!found) throw fail(404, 'No such ticket');
      return found;
    };

    app.get('/tickets', { onRequest: authenticate, schema: { tags: ['tickets'], security: bearer, response: { 200: list('Ticket') } } }, async (request) => {
      const mine = tickets.filter((t) => t.userId === request.account.id);
      return { results: mine, total: mine.length, requestId: request.id, at: new Date().toISOString() };
    });

    app.post('/tickets', {
      onRequest: authenticate,
      schema: { tags: ['tickets'], security: bearer, body: { type: 'object', additionalProperties: false, required: ['eventId'], properties: { eventId: { type: 'integer' }, note: { type: 'string', maxLength: 200 } } }, response: { 201: { $ref: 'Ticket#' }, '4xx': { $ref: 'Problem#' } } },
    }, async (request, reply) => {
      if (!events.some((e) => e.id === request.body.eventId)) throw fail(404, 'No such event');
      if (tickets.filter((t) => t.userId === request.account.id).length >= 200) throw fail(409, 'You have enough tickets');
      const made = { id: tickets.length + 1, userId: request.account.id, ...request.body, seat: `B${tickets.length}`, boughtAt: new Date().toISOString() };
      tickets.push(made);
      return reply.code(201).send(made);
    });

    app.get('/tickets/:id', { onRequest: authenticate, schema: { tags: ['tickets'], security: bearer, params: id, response: { 200: { $ref: 'Ticket#' }, '4xx': { $ref: 'Problem#' } } } }, async (request) => own(request));

    app.put('/tickets/:id', {
      onRequest: authenticate,
      schema: { tags: ['tickets'], security: bearer, params: id, body: { type: 'object', additionalProperties: false, required: ['note'], properties: { note: { type: 'string', maxLength: 200 } } }, response: { 200: { $ref: 'Ticket#' }, '4xx': { $ref: 'Problem#' } } },
    }, async (request) => Object.assign(own(request), { note: request.body.note }));

    app.delete('/tickets/:id', { onRequest: authenticate, schema: { tags: ['tickets'], security: bearer, params: id, response: { 204: { type: 'null' }, '4xx': { $ref: 'Problem#' } } } }, async (request, reply) => {
      // A ticket that is given back stays, without its owner: numbers are not used twice.
      own(request).userId = null;
      reply.code(204).send();
    });

    app.get('/documentation/json', { schema: { hide: true } }, async () => app.swagger());
  });
  await app.listen({ port: Number(options.port), host: '127.0.0.1' });
}

main();
