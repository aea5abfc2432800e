// Articles that everybody reads and comments of readers, with json-server behind a log in. Well made: what json-server
// would let anybody write is not reachable, and of its query language only harmless parameters are.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs, promisify } = require('node:util');
const jsonServer = require('json-server');
const jwt = require('jsonwebtoken');
const helmet = require('helmet');

const { values: options } = parseArgs({ options: { port: { type: 'string', default: '3000' } } });
const SECRET = crypto.randomBytes(32);
const scrypt = promisify(crypto.scrypt);

async function hash(password, salt = crypto.randomBytes(16)) {
  return `${salt.toString('hex')}:${(await scrypt(password, salt, 32)).toString('hex')}`;
}

async function right(password, stored) {
  const again = await hash(password, Buffer.from(stored.split(':')[0], 'hex'));
  return crypto.timingSafeEqual(Buffer.from(again), Buffer.from(stored));
}

const data = {
  authors: [{ id: 1, name: "Siobhan O'Rourke", country: 'IE' }, { id: 2, name: 'Luca Ferri', country: 'IT' }],
  articles: [
    ['How a database says no', 'You have an error in your SQL syntax; check the manual: what this message means.'],
    ['What is in /etc/passwd', 'A line such as root:x:0:0:root:/root:/bin/sh is an account, not a password.'],
    ['Reading a stack trace', 'Error: boom\n    at Object.<anonymous> (/app/server.js:1:7)'],
    ['Templates', 'Many of them write {{7*7}} and mean 49.'], ["Gardener's year", 'Prune in February.'],
    ['Bread', 'Flour, water, salt, time.'], ['Bread, again', 'More water, more time.'], ['Bicycles', 'Oil the chain.'],
  ].map(([title, text], i) => ({ id: i + 1, authorId: (i % 2) + 1, title, text, publishedAt: `2024-0${i + 1}-03` })),
  comments: [
    { id: 1, articleId: 5, userId: 1, text: 'In March here', createdAt: '2024-03-01T10:00:00Z' },
    { id: 2, articleId: 6, userId: 2, text: "Don't forget the oven", createdAt: '2024-03-02T10:00:00Z' },
  ],
};
const users = [];
const revoked = new Set();

const failures = new Map();
function recent(key) {
  const kept = (failures.get(key) || []).filter((at) => at > Date.now() - 900000);
  failures.set(key, kept);
  return kept;
}

function refuse(res, status, message) {
  res.status(status).json({ message });
}

function authenticate(req, res, next) {
  const [scheme, token] = (req.get('authorization') || '').split(' ');
  try {
    if (scheme.toLowerCase() !== 'bearer') throw new Error('no token');
    req.claims = jwt.verify(token, SECRET, { algorithms: ['HS256'] });
    req.user = users.find((u) => u.id === Number(req.claims.sub));
    if (!req.user || revoked.has(req.claims.jti)) throw new Error('no longer');
  } catch {
    res.set('WWW-Authenticate', 'Bearer');
    return refuse(res, 401, 'Please log in');
  }
  return next();
}

const publicUser = ({ id, username, name, editor }) => ({ id, username, name, editor });
const ALLOWED = ['q', '_page', '_limit', '_sort', '_order', 'id', 'authorId', 'articleId', 'title'];
const text = (value, most) => typeof value === 'string' && value.length > 0 && value.length <= most;

async function main() {
  for (const [username, name, password, editor] of [
    ['pia', 'Pia Holm', 'catalogue-pia-pass-1', false], ['raul', "Raúl D'Avila", 'catalogue-raul-pass-2', false],
    ['editor', 'Ed Itor', 'catalogue-editor-pass-3', true],
  ]) users.push({ id: users.length + 1, username, name, editor, password: await hash(password) });
  const nobody = await hash(crypto.randomUUID());

  const server = jsonServer.create();
  const router = jsonServer.router(data);
  server.disable('x-powered-by');
  server.use(helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'self'"], frameAncestors: ["'none'"] } },
    frameguard: { action: 'deny' }, referrerPolicy: { policy: 'strict-origin-when-cross-origin' }, crossOriginResourcePolicy: { policy: 'cross-origin' },
  }));
  server.use((req, res, next) => {
    res.set({ 'Permissions-Policy': 'camera=(), microphone=(), geolocation=()', 'X-Request-Id': crypto.randomUUID() });
    // Everything that GET gives without a token is public; there are no cookies.
    if (req.method === 'GET' && !req.get('authorization')) res.set('Access-Control-Allow-Origin', '*');
    else res.set('Cache-Control', 'no-store');
    next();
  });
  server.use(jsonServer.bodyParser);

  server.get('/openapi.json', (req, res) => res.type('json').send(fs.readFileSync(path.join(__dirname, 'openapi.json'))));

  server.post('/login', async (req, res) => {
    const { username, password } = req.body || {};
    if (!text(username, 60) || !text(password, 200)) return refuse(res, 422, 'username and password are texts');
    const keys = [[`u:${username.toLowerCase()}`, 5], [`a:${req.ip}`, 20]];
    if (keys.some(([key, most]) => recent(key).length >= most)) {
      res.set('Retry-After', '900');
      return refuse(res, 429, 'Too many failed log ins');
    }
    const user = users.find((u) => u.username === username);
    const matching = await right(password, user ? user.password : nobody);
    if (!user || !matching) {
      for (const [key] of keys) recent(key).push(Date.now());
      return refuse(res, 401, 'User name or password is wrong');
    }
    const accessToken = jwt.sign({}, SECRET, { algorithm: 'HS256', subject: String(user.id), expiresIn: '15m', jwtid: crypto.randomUUID() });
    return res.json({ accessToken, user: publicUser(user) });
  });
  server.post('/logout', authenticate, (req, res) => {
    revoked.add(req.claims.jti);
    res.status(204).end();
  });
  server.get('/profile', authenticate, (req, res) => res.json(publicUser(req.user)));

  // Comments: readers write and delete their own, editors delete all of them.
  server.post('/comments', authenticate, (req, res, next) => {
    const { articleId, text: body } = req.body || {};
    if (!text(body, 500) || !router.db.get('articles').find({ id: articleId }).value()) return refuse(res, 422, 'articleId is the number of an article, text has 1 to 500 characters');
    req.body = { articleId, userId: req.user.id, text: body, createdAt: new Date().toISOString() };
    return next();
  });
  server.delete('/comments/:id', authenticate, (req, res) => {
    const found = router.db.get('comments').find({ id: Number(req.params.id) }).value();
    if (!found) return refuse(res, 404, 'No such comment');
    if (found.userId !== req.user.id && !req.user.editor) return refuse(res, 403, 'This comment is not yours');
    router.db.get('comments').remove({ id: found.id }).write();
    return res.status(204).end();
  });
  server.patch('/articles/:id', authenticate, (req, res, next) => {
    if (!req.user.editor) return refuse(res, 403, 'Editors only');
    const body = {};
    for (const key of ['title', 'text']) {
      if (req.body[key] === undefined) continue;
      if (!text(req.body[key], 5000)) return refuse(res, 422, `${key} is a text`);
      body[key] = req.body[key];
    }
    req.body = body;
    return next();
  });

  // Nothing else is written, and what json-server does not need to know of a query is left out.
  server.use((req, res, next) => {
    const known = req.method === 'GET' || (req.method === 'POST' && /^\/comments\/?$/.test(req.path)) || (req.method === 'PATCH' && /^\/articles\/\d+\/?$/.test(req.path));
    if (!known) return refuse(res, ['POST', 'PUT', 'PATCH', 'DELETE'].includes(req.method) ? 401 : 405, 'This is not allowed');
    const query = {};
    for (const key of ALLOWED) if (typeof req.query[key] === 'string') query[key] = req.query[key].slice(0, 100);
    query._limit = String(Math.max(1, Math.min(Number(query._limit) || 50, 50)));
    // json-server reads both.
    req.query = query;
    req.url = `${req.path}?${new URLSearchParams(query)}`;
    return next();
  });
  router.render = (req, res) => {
    const found = res.locals.data;
    if (res.statusCode === 404) return refuse(res, 404, 'There is nothing here');
    return res.json(found);
  };
  server.use(router);
  // Express knows an error handler by its four parameters.
  server.use((error, req, res, next) => refuse(res, error.status && error.status < 500 ? error.status : 500, error.status < 500 ? 'The request cannot be read' : 'Something went wrong'));
  server.listen(Number(options.port), '127.0.0.1');
}

main();
