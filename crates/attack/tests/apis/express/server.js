// Roster: the API of a small planning tool, with Express and JSON web tokens. `--hardened` closes every hole that
// holes.toml lists. All data is in memory.
'use strict';

const crypto = require('node:crypto');
const { exec, execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const express = require('express');
const cookieParser = require('cookie-parser');
const cors = require('cors');
const helmet = require('helmet');
const jwt = require('jsonwebtoken');

const { parseArgs } = require('node:util');
const { values: options } = parseArgs({ options: { port: { type: 'string', default: '3000' }, hardened: { type: 'boolean', default: false } } });
const PORT = Number(options.port);
const HARDENED = options.hardened;

const JWT_SECRET = HARDENED ? crypto.randomBytes(32).toString('hex') : 'secret';
const ACCESS_SECONDS = HARDENED ? 15 * 60 : 30 * 24 * 3600;
const PUBLIC_URL = `http://127.0.0.1:${PORT}`;

// ---- passwords

const scrypt = promisify(crypto.scrypt);

async function hashPassword(password) {
  if (!HARDENED) return crypto.createHash('md5').update(password).digest('hex');
  const salt = crypto.randomBytes(16);
  return `${salt.toString('hex')}:${(await scrypt(password, salt, 32)).toString('hex')}`;
}

async function checkPassword(password, stored) {
  if (!HARDENED) return crypto.createHash('md5').update(password).digest('hex') === stored;
  const [salt, hash] = stored.split(':').map((part) => Buffer.from(part, 'hex'));
  return crypto.timingSafeEqual(await scrypt(password, salt, 32), hash);
}

// ---- the store: collections of documents with filters in the style of document databases

const operators = {
  $eq: (value, wanted) => value === wanted,
  $ne: (value, wanted) => value !== wanted,
  $gt: (value, wanted) => value > wanted,
  $gte: (value, wanted) => value >= wanted,
  $lt: (value, wanted) => value < wanted,
  $lte: (value, wanted) => value <= wanted,
  $in: (value, wanted) => Array.isArray(wanted) && wanted.includes(value),
  $regex: (value, wanted) => new RegExp(wanted).test(String(value)),
  $exists: (value, wanted) => (value !== undefined) === Boolean(wanted),
};

function matches(document, filter) {
  return Object.entries(filter).every(([key, wanted]) => {
    const value = document[key];
    if (wanted !== null && typeof wanted === 'object') {
      return Object.entries(wanted).every(([name, operand]) => {
        if (!operators[name]) throw new Error(`unknown operator: ${name}`);
        return operators[name](value, operand);
      });
    }
    return value === wanted;
  });
}

class Collection {
  constructor() {
    this.documents = [];
    this.next = 1;
  }

  insert(document) {
    const stored = { id: this.next++, ...document };
    this.documents.push(stored);
    return stored;
  }

  find(filter = {}) {
    return this.documents.filter((document) => matches(document, filter));
  }

  findOne(filter) {
    return this.documents.find((document) => matches(document, filter));
  }

  remove(document) {
    this.documents = this.documents.filter((other) => other !== document);
  }
}

const db = { users: new Collection(), projects: new Collection(), tasks: new Collection(), invoices: new Collection(), resets: new Collection() };
const refreshTokens = new Map(); // token -> { user, family, spent }
const revokedTokens = new Set();
const files = fs.mkdtempSync(path.join(os.tmpdir(), 'roster-'));
const attachments = path.join(files, 'attachments');
process.on('exit', () => fs.rmSync(files, { recursive: true, force: true }));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));

async function seed() {
  for (const [email, name, password, role] of [
    ['mira@roster.example', 'Mira Okafor', 'planning-with-mira-7', 'member'],
    ['jonas@roster.example', "Jonas D'Angelo", 'planning-with-jonas-8', 'member'],
    ['petra@roster.example', 'Petra Lind', 'planning-with-petra-9', 'admin'],
  ]) {
    db.users.insert({
      email, name, passwordHash: await hashPassword(password), profile: { title: '', phone: '+46 8 555 01' },
      membership: { role, plan: 'free' }, createdAt: new Date().toISOString(),
    });
  }
  for (const [ownerId, name] of [[1, 'Garden house'], [2, 'Boat repair'], [3, 'Office move']]) db.projects.insert({ ownerId, name, createdAt: new Date().toISOString() });
  for (const [projectId, ownerId, title, status] of [
    [1, 1, 'Order timber', 'open'], [1, 1, 'Call the roofer', 'done'], [2, 2, 'Sand the hull', 'open'],
    [2, 2, 'Pay the harbour fee', 'open'], [3, 3, 'Sign the lease', 'open'],
  ]) db.tasks.insert({ projectId, ownerId, title, status, createdAt: new Date().toISOString() });
  for (const [number, ownerId, amount] of [['R-2024-0001', 1, 4900], ['R-2024-0002', 2, 12900], ['R-2024-0003', 3, 900]]) {
    db.invoices.insert({ number, ownerId, amount, iban: `SE45 5000 0000 0583 9825 74${ownerId}0` });
  }
  fs.mkdirSync(attachments);
  fs.writeFileSync(path.join(attachments, 'welcome.txt'), 'Welcome to Roster.\n');
  fs.writeFileSync(path.join(attachments, 'terms.txt'), 'Be kind, pay on time.\n');
  fs.writeFileSync(path.join(files, 'settings.ini'), `[mail]\npassword = ${crypto.randomBytes(8).toString('hex')}\n`);
}

// ---- the application

const app = express();
app.set('query parser', 'extended');
if (HARDENED) {
  app.disable('x-powered-by');
  app.use(helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'self'"], frameAncestors: ["'none'"] } },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'strict-origin-when-cross-origin' },
  }));
  app.use((req, res, next) => {
    res.set('Permissions-Policy', 'camera=(), microphone=(), geolocation=()');
    res.set('Cache-Control', 'no-store');
    next();
  });
}
const ORIGINS = ['https://app.roster.example'];
app.use(cors({ origin: HARDENED ? ORIGINS : true, credentials: true }));
app.use(express.json({ limit: '200kb' }));
app.use(express.urlencoded({ extended: true }));
app.use(cookieParser());

function problem(status, code, message) {
  return Object.assign(new Error(message), { status, code, ours: true });
}

function text(value, name, { max = 200, required = true } = {}) {
  if (value === undefined && !required) return undefined;
  if (typeof value !== 'string' || value.length > max || (required && value === '')) throw problem(422, 'invalid', `${name} must be a text`);
  return value;
}

function authenticate(req, res, next) {
  const header = req.get('authorization') || '';
  const bearer = header.toLowerCase().startsWith('bearer ') ? header.slice(7) : undefined;
  const token = bearer || req.cookies.token;
  if (!token) throw problem(401, 'unauthenticated', 'Please log in');
  let claims;
  try {
    claims = jwt.verify(token, JWT_SECRET, HARDENED ? { algorithms: ['HS256'], audience: 'roster' } : {});
  } catch {
    throw problem(401, 'unauthenticated', 'Please log in');
  }
  if (HARDENED && revokedTokens.has(claims.jti)) throw problem(401, 'unauthenticated', 'Please log in');
  // Requests that a browser sends by itself must come from our own pages.
  const origin = req.get('origin');
  if (HARDENED && !bearer && !['GET', 'HEAD'].includes(req.method) && !(origin && ORIGINS.includes(origin))) {
    throw problem(403, 'cross_site', 'This request must come from our own site');
  }
  req.user = db.users.findOne({ id: Number(claims.sub) });
  if (!req.user) throw problem(401, 'unauthenticated', 'Please log in');
  req.claims = claims;
  // The role as it was when the token was made, or as it is now.
  req.role = HARDENED ? req.user.membership.role : claims.role;
  next();
}

function adminOnly(req, res, next) {
  if (req.role !== 'admin') throw problem(403, 'forbidden', 'Administrators only');
  next();
}

const ownUser = (user) => ({ id: user.id, email: user.email, name: user.name, profile: user.profile, membership: user.membership });
const publicUser = (user) => ({ id: user.id, name: user.name });

const v1 = express.Router();

v1.get('/status', (req, res) => res.json({ data: { status: 'ok', time: new Date().toISOString() } }));

// ---- sessions

const cookieFlags = HARDENED ? { httpOnly: true, secure: true, sameSite: 'strict' } : {};
const failures = new Map();

function failed(key) {
  const recent = (failures.get(key) || []).filter((at) => at > Date.now() - 15 * 60 * 1000);
  failures.set(key, recent);
  return recent;
}

function startSession(res, user, family = crypto.randomUUID()) {
  const token = jwt.sign({ role: user.membership.role }, JWT_SECRET, {
    algorithm: 'HS256', subject: String(user.id), expiresIn: ACCESS_SECONDS, audience: 'roster', jwtid: `${family}:${crypto.randomUUID()}`,
  });
  const refresh = crypto.randomBytes(24).toString('base64url');
  refreshTokens.set(refresh, { user: user.id, family, spent: false });
  res.cookie('token', token, { ...cookieFlags, maxAge: ACCESS_SECONDS * 1000, path: HARDENED ? '/api' : '/' });
  res.cookie('refresh', refresh, { ...cookieFlags, maxAge: 30 * 24 * 3600 * 1000, path: HARDENED ? '/api/v1/sessions' : '/' });
  return { session: { token, refreshToken: refresh, expiresIn: ACCESS_SECONDS }, user: ownUser(user) };
}

let nobody;

v1.post('/sessions', async (req, res) => {
  const credentials = (req.body && req.body.user) || {};
  const email = text(credentials.email, 'email').toLowerCase();
  const password = text(credentials.password, 'password');
  const keys = [[`user:${email}`, 5], [`address:${req.ip}`, 20]];
  if (HARDENED && keys.some(([key, limit]) => failed(key).length >= limit)) {
    res.set('Retry-After', '900');
    throw problem(429, 'too_many', 'Too many failed log ins, try again later');
  }
  const user = db.users.findOne({ email });
  if (!HARDENED && !user) throw problem(401, 'unknown_user', 'There is no account with this e-mail');
  nobody ||= await hashPassword(crypto.randomUUID());
  const right = await checkPassword(password, user ? user.passwordHash : nobody);
  if (!user || !right) {
    if (HARDENED) for (const [key] of keys) failed(key).push(Date.now());
    throw HARDENED ? problem(401, 'login_failed', 'E-mail or password is wrong') : problem(401, 'wrong_password', 'This password is wrong');
  }
  res.status(201).json({ data: startSession(res, user) });
});

v1.post('/sessions/refresh', (req, res) => {
  const given = (req.body && req.body.refreshToken) || req.cookies.refresh;
  const found = typeof given === 'string' ? refreshTokens.get(given) : undefined;
  if (!found) throw problem(401, 'unauthenticated', 'Please log in');
  if (HARDENED) {
    if (found.spent) {
      for (const [token, other] of refreshTokens) if (other.family === found.family) refreshTokens.delete(token);
      throw problem(401, 'unauthenticated', 'Please log in');
    }
    found.spent = true;
  }
  const user = db.users.findOne({ id: found.user });
  if (!user) throw problem(401, 'unauthenticated', 'Please log in');
  res.json({ data: startSession(res, user, found.family) });
});

v1.delete('/sessions', authenticate, (req, res) => {
  if (HARDENED) {
    revokedTokens.add(req.claims.jti);
    const family = req.claims.jti.split(':')[0];
    for (const [token, other] of refreshTokens) if (other.family === family) refreshTokens.delete(token);
  }
  for (const [name, where] of [['token', '/api'], ['refresh', '/api/v1/sessions']]) res.clearCookie(name, { ...cookieFlags, path: HARDENED ? where : '/' });
  res.status(204).end();
});

v1.get('/sessions/continue', (req, res) => {
  const next = typeof req.query.next === 'string' ? req.query.next : '/api/v1/status';
  if (HARDENED && !/^\/(?![/\\])[\w\-./?=&%]*$/.test(next)) throw problem(422, 'invalid', 'next must be a path of this site');
  res.redirect(302, next);
});

v1.post('/password-resets', (req, res) => {
  const email = text(req.body?.email, 'email').toLowerCase();
  if (db.users.findOne({ email })) {
    db.resets.insert({ email, code: crypto.randomBytes(8).toString('hex'), until: Date.now() + 15 * 60 * 1000 });
  }
  res.status(202).json({ data: { message: 'If there is such an account, a code is on its way' } });
});

v1.post('/password-resets/confirm', async (req, res) => {
  const { email, code, password } = req.body || {};
  if (HARDENED) {
    text(email, 'email');
    text(code, 'code');
  }
  text(password, 'password');
  if (HARDENED && password.length < 12) throw problem(422, 'invalid', 'password must have 12 characters or more');
  const tries = `reset:${email}`;
  if (HARDENED && failed(tries).length >= 5) throw problem(429, 'too_many', 'Too many tries');
  const reset = db.resets.findOne({ email, code });
  if (!reset || reset.until < Date.now()) {
    if (HARDENED) failed(tries).push(Date.now());
    throw problem(403, 'wrong_code', 'This code is not valid');
  }
  db.users.findOne({ email: reset.email }).passwordHash = await hashPassword(password);
  db.resets.remove(reset);
  res.json({ data: { message: 'Your password has changed' } });
});

// ---- users

function merge(target, source) {
  for (const [key, value] of Object.entries(source)) {
    if (value && typeof value === 'object' && !Array.isArray(value) && target[key] && typeof target[key] === 'object') merge(target[key], value);
    else target[key] = value;
  }
  return target;
}

function allowedUser(given) {
  const allowed = {};
  if (given.name !== undefined) allowed.name = text(given.name, 'name');
  if (given.profile && typeof given.profile === 'object') {
    allowed.profile = {};
    for (const key of ['title', 'phone']) if (given.profile[key] !== undefined) allowed.profile[key] = text(given.profile[key], key, { required: false });
  }
  return allowed;
}

v1.post('/users', async (req, res) => {
  const given = (req.body && req.body.user) || {};
  const email = text(given.email, 'email').toLowerCase();
  const password = text(given.password, 'password');
  if (password.length < 12) throw problem(422, 'invalid', 'password must have 12 characters or more');
  if (db.users.findOne({ email })) throw problem(409, 'taken', 'This e-mail cannot be used');
  const user = { name: '', profile: { title: '', phone: '' }, membership: { role: 'member', plan: 'free' }, createdAt: new Date().toISOString() };
  const { password: _, id: __, ...rest } = given;
  merge(user, HARDENED ? allowedUser(given) : rest);
  Object.assign(user, { email, passwordHash: await hashPassword(password) });
  res.status(201).json({ data: ownUser(db.users.insert(user)) });
});

v1.get('/users/me', authenticate, (req, res) => res.json({ data: ownUser(req.user) }));

v1.patch('/users/me', authenticate, (req, res) => {
  const given = (req.body && req.body.user) || {};
  const { id: _, passwordHash: __, ...rest } = given;
  merge(req.user, HARDENED ? allowedUser(given) : rest);
  res.json({ data: ownUser(req.user) });
});

v1.get('/users/:id', authenticate, (req, res) => {
  const user = db.users.findOne({ id: Number(req.params.id) });
  if (!user) throw problem(404, 'not_found', 'No such user');
  res.json({ data: HARDENED ? publicUser(user) : user });
});

v1.get('/admin/users', authenticate, adminOnly, (req, res) => res.json({ data: db.users.find().map(ownUser) }));

// The list of users asks for an administrator; who deletes was forgotten.
v1.delete('/admin/users/:id', authenticate, ...(HARDENED ? [adminOnly] : []), (req, res) => {
  const user = db.users.findOne({ id: Number(req.params.id) });
  if (!user) throw problem(404, 'not_found', 'No such user');
  db.users.remove(user);
  res.status(204).end();
});

// ---- projects and tasks

function project(req) {
  const found = db.projects.findOne({ id: Number(req.params.projectId) });
  if (!found || found.ownerId !== req.user.id) throw problem(404, 'not_found', 'No such project');
  return found;
}

v1.get('/projects', authenticate, (req, res) => {
  const data = db.projects.find({ ownerId: req.user.id });
  const host = HARDENED ? PUBLIC_URL : `${req.protocol}://${req.get('x-forwarded-host') || req.get('host')}`;
  res.json({ data, links: { self: `${host}${req.baseUrl}${req.path}` }, meta: { count: data.length } });
});

v1.post('/projects', authenticate, (req, res) => {
  const name = text(req.body?.name, 'name');
  res.status(201).json({ data: db.projects.insert({ ownerId: req.user.id, name, createdAt: new Date().toISOString() }) });
});

v1.get('/projects/:projectId', authenticate, (req, res) => res.json({ data: project(req) }));

v1.get('/projects/:projectId/tasks', authenticate, (req, res) => res.json({ data: db.tasks.find({ projectId: project(req).id }) }));

v1.post('/projects/:projectId/tasks', authenticate, (req, res) => {
  const { id } = project(req);
  const title = text(req.body?.title, 'title', { max: 500 });
  res.status(201).json({ data: db.tasks.insert({ projectId: id, ownerId: req.user.id, title, status: 'open', createdAt: new Date().toISOString() }) });
});

function task(req) {
  // The project is checked. That the task belongs to this project is not.
  const { id } = project(req);
  const found = db.tasks.findOne({ id: Number(req.params.taskId) });
  if (!found || (HARDENED && found.projectId !== id)) throw problem(404, 'not_found', 'No such task');
  return found;
}

v1.get('/projects/:projectId/tasks/:taskId', authenticate, (req, res) => res.json({ data: task(req) }));

v1.put('/projects/:projectId/tasks/:taskId', authenticate, (req, res) => {
  const found = task(req);
  found.title = text(req.body?.title, 'title', { max: 500 });
  if (['open', 'done'].includes(req.body.status)) found.status = req.body.status;
  res.json({ data: found });
});

v1.delete('/projects/:projectId/tasks/:taskId', authenticate, (req, res) => {
  db.tasks.remove(task(req));
  res.status(204).end();
});

v1.get('/projects/:projectId/board', authenticate, (req, res) => {
  const escape = (value) => String(value).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const shown = HARDENED ? escape : String;
  const found = project(req);
  const rows = db.tasks.find({ projectId: found.id }).map((t) => `<li>${shown(t.title)}</li>`).join('');
  res.type('html').send(`<!doctype html><title>${escape(found.name)}</title><h1>${escape(found.name)}</h1><ul>${rows}</ul>`);
});

function plain(filter) {
  const allowed = {};
  for (const key of ['title', 'status']) if (filter[key] !== undefined) allowed[key] = text(filter[key], key);
  return allowed;
}

v1.get('/tasks', authenticate, (req, res) => {
  const { page, perPage, ...rest } = req.query;
  const filter = HARDENED ? { ...plain(rest), ownerId: req.user.id } : { ownerId: req.user.id, ...rest };
  const all = db.tasks.find(filter);
  const size = Math.min(Math.max(Number(perPage) || 20, 1), 100);
  const start = (Math.max(Number(page) || 1, 1) - 1) * size;
  res.json({ data: all.slice(start, start + size), meta: { total: all.length } });
});

v1.post('/tasks/search', authenticate, (req, res) => {
  const given = (req.body && req.body.filter) || {};
  const filter = HARDENED ? { ...plain(given), ownerId: req.user.id } : { ownerId: req.user.id, ...given };
  res.json({ data: db.tasks.find(filter) });
});

v1.get('/invoices', authenticate, (req, res) => res.json({ data: db.invoices.find({ ownerId: req.user.id }) }));

v1.get('/invoices/:number', authenticate, (req, res) => {
  const found = db.invoices.findOne({ number: req.params.number });
  if (!found || (HARDENED && found.ownerId !== req.user.id)) throw problem(404, 'not_found', 'No such invoice');
  res.json({ data: found });
});

// ---- files and tools

v1.get('/files', authenticate, (req, res) => res.json({ data: fs.readdirSync(attachments) }));

v1.get('/files/download', authenticate, (req, res) => {
  const name = text(req.query.name, 'name');
  if (HARDENED && !fs.readdirSync(attachments).includes(name)) throw problem(404, 'not_found', 'No such file');
  const file = path.join(attachments, name);
  if (!fs.existsSync(file) || !fs.statSync(file).isFile()) throw problem(404, 'not_found', 'No such file');
  res.type('text/plain').send(fs.readFileSync(file));
});

v1.post('/tools/lookup', authenticate, (req, res, next) => {
  const host = text(req.body?.host, 'host');
  const answer = (error, stdout) => res.json({ data: { host, found: !error, output: stdout } });
  if (!HARDENED) {
    exec(`getent hosts ${host}`, { timeout: 15000 }, answer);
  } else if (/^(?!-)[a-zA-Z0-9.-]{1,253}$/.test(host)) {
    execFile('getent', ['hosts', '--', host], { timeout: 15000 }, answer);
  } else {
    next(problem(422, 'invalid', 'host must be the name of a host'));
  }
});

app.use('/api/v1', v1);

// ---- what was left behind

if (!HARDENED) {
  app.get('/api/v0/users', (req, res) => res.json(db.users.find()));
  app.get('/debug', (req, res) => res.json({ node: process.version, cwd: process.cwd(), config: { JWT_SECRET, port: PORT }, memory: process.memoryUsage() }));
  app.get('/.env', (req, res) => res.type('text/plain').send(`NODE_ENV=production\nJWT_SECRET=${JWT_SECRET}\nDATABASE_URL=mongodb://roster:roster@db:27017/roster\n`));
  app.get('/backup.sql', (req, res) => {
    const rows = db.users.find().map((u) => `INSERT INTO users (id, email, password) VALUES (${u.id}, '${u.email}', '${u.passwordHash}');`);
    res.type('application/sql').send(`-- dump of roster\nCREATE TABLE users (id int, email text, password text);\n${rows.join('\n')}\n`);
  });
}

app.use((req, res) => {
  if (!HARDENED && req.accepts(['json', 'html']) === 'html') {
    let shown = req.originalUrl;
    try {
      shown = decodeURIComponent(shown);
    } catch { /* shown as it came */ }
    res.status(404).type('html').send(`<!doctype html><title>Not found</title><p>There is no ${shown} here</p>`);
    return;
  }
  res.status(404).json({ error: { code: 'not_found', message: 'There is nothing here' } });
});

// Express knows an error handler by its four parameters.
app.use((error, req, res, next) => {
  const status = error.status || 500;
  const body = { code: error.ours ? error.code : 'error', message: error.message };
  if (HARDENED && !error.ours) body.message = status >= 500 ? 'Something went wrong' : 'The request cannot be read';
  if (HARDENED && status >= 500) console.error(error.message);
  if (!HARDENED && !error.ours) body.stack = error.stack;
  res.status(status).json({ error: body });
});

seed().then(() => app.listen(PORT, '127.0.0.1'));
