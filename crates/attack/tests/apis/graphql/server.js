// Shelf: the API of a lending library, with GraphQL Yoga and SQLite. `--hardened` closes every hole that holes.toml
// lists. The database is in memory.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { GraphQLError, Kind, NoSchemaIntrospectionCustomRule } = require('graphql');
const { createSchema, createYoga } = require('graphql-yoga');
const jwt = require('jsonwebtoken');
const initSqlJs = require('sql.js');

const { values: options } = parseArgs({ options: { port: { type: 'string', default: '4000' }, hardened: { type: 'boolean', default: false } } });
const PORT = Number(options.port);
const HARDENED = options.hardened;
const SECRET = crypto.randomBytes(32).toString('hex');

// ---- the database

let database;

function all(sql, values = []) {
  const statement = database.prepare(sql);
  try {
    statement.bind(values);
    const rows = [];
    while (statement.step()) rows.push(statement.getAsObject());
    return rows;
  } finally {
    statement.free();
  }
}

const one = (sql, values) => all(sql, values)[0];

function insert(table, row) {
  const names = Object.keys(row);
  database.run(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`, Object.values(row));
  return one(`SELECT * FROM ${table} WHERE rowid = last_insert_rowid()`);
}

function hash(password, salt = crypto.randomBytes(16)) {
  if (!HARDENED) return crypto.createHash('sha1').update(password).digest('hex');
  return `${salt.toString('hex')}:${crypto.scryptSync(password, salt, 32).toString('hex')}`;
}

function right(password, stored) {
  const again = hash(password, HARDENED ? Buffer.from(stored.split(':')[0], 'hex') : undefined);
  return again.length === stored.length && crypto.timingSafeEqual(Buffer.from(again), Buffer.from(stored));
}

const NOBODY = hash(crypto.randomUUID());

function fill() {
  database.run(`
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT UNIQUE, bio TEXT, role TEXT DEFAULT 'MEMBER', password_hash TEXT);
    CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT, author TEXT, year INTEGER);
    CREATE TABLE notes (id INTEGER PRIMARY KEY, owner_id INTEGER, text TEXT);
    CREATE TABLE loans (id INTEGER PRIMARY KEY, member_id INTEGER, book_id INTEGER, due_on TEXT);
    CREATE TABLE reviews (id INTEGER PRIMARY KEY, author_id INTEGER, book_id INTEGER, text TEXT, stars INTEGER);
  `);
  for (const [name, email, role, password] of [
    ['Nadia Brandt', 'nadia@shelf.example', 'MEMBER', 'reading-nadia-1984'],
    ["Tom O'Hara", 'tom@shelf.example', 'MEMBER', 'reading-tom-2001'],
    ['Ines Librarian', 'ines@shelf.example', 'LIBRARIAN', 'reading-ines-1955'],
  ]) insert('users', { name, email, role, bio: 'Reads a lot', password_hash: hash(password) });
  for (const [title, author, year] of [
    ['Middlemarch', 'George Eliot', 1871], ['The Waves', 'Virginia Woolf', 1931], ["The Handmaid's Tale", 'Margaret Atwood', 1985],
    ['Invisible Cities', 'Italo Calvino', 1972], ['Solaris', 'Stanislaw Lem', 1961],
  ]) insert('books', { title, author, year });
  for (const [owner_id, text] of [[1, 'Birthday present for Tom: Solaris'], [2, 'Locker code 4471'], [3, 'Budget talk on Monday']]) insert('notes', { owner_id, text });
  for (const [member_id, book_id] of [[1, 1], [2, 3]]) insert('loans', { member_id, book_id, due_on: '2031-05-01' });
  for (const [author_id, book_id, text, stars] of [[1, 5, 'Strange and sad', 5], [2, 1, 'Long', 4], [3, 1, 'My favourite', 5]]) insert('reviews', { author_id, book_id, text, stars });
}

// ---- ids and who calls

const TABLES = { User: 'users', Book: 'books', Note: 'notes', Loan: 'loans', Review: 'reviews' };
const globalId = (type, id) => Buffer.from(`${type}:${id}`).toString('base64');

function load(id, type) {
  const [name, number] = Buffer.from(String(id), 'base64').toString().split(':');
  if (!TABLES[name] || (type && name !== type) || !/^[0-9]+$/.test(number || '')) return null;
  const row = one(`SELECT * FROM ${TABLES[name]} WHERE id = ?`, [Number(number)]);
  return row ? { __typename: name, ...row } : null;
}

const as = (typename, row) => (row ? { __typename: typename, ...row } : null);
const refuse = (code, message) => new GraphQLError(message, { extensions: { code } });

function caller(request) {
  const [scheme, token] = (request.headers.get('authorization') || '').split(' ');
  if (!token || scheme.toLowerCase() !== 'bearer') return null;
  try {
    const claims = jwt.verify(token, SECRET, { algorithms: ['HS256'] });
    return as('User', one('SELECT * FROM users WHERE id = ?', [Number(claims.sub)]));
  } catch {
    return null;
  }
}

function member(context) {
  if (!context.user) throw refuse('UNAUTHENTICATED', 'Please log in');
  return context.user;
}

function librarian(context) {
  const user = member(context);
  if (user.role !== 'LIBRARIAN') throw refuse('FORBIDDEN', 'Librarians only');
  return user;
}

const isSelf = (user, context) => Boolean(context.user) && (context.user.id === user.id || context.user.role === 'LIBRARIAN');

// Whether a private object may be seen by who calls.
function visible(row, context) {
  if (!row || !HARDENED) return row;
  const owner = row.__typename === 'Note' ? row.owner_id : row.__typename === 'Loan' ? row.member_id : undefined;
  if (owner === undefined) return row;
  return context.user && context.user.id === owner ? row : null;
}

const failures = new Map();

function failed(key) {
  const recent = (failures.get(key) || []).filter((at) => at > Date.now() - 15 * 60 * 1000);
  failures.set(key, recent);
  return recent;
}

function length(value, name, most, least = 0) {
  if (value.length > most || value.length < least) throw refuse('BAD_USER_INPUT', `${name} must have ${least} to ${most} characters`);
}

// ---- what the fields give

const ORDERS = ['title', 'author', 'year'];

const resolvers = {
  Node: { __resolveType: (row) => row.__typename },
  User: {
    id: (u) => globalId('User', u.id),
    email: (u, _, context) => (!HARDENED || isSelf(u, context) ? u.email : null),
    role: (u, _, context) => (!HARDENED || isSelf(u, context) ? u.role : null),
    passwordHash: (u) => (HARDENED ? null : u.password_hash),
    notes: (u, _, context) => all('SELECT * FROM notes WHERE owner_id = ?', [u.id]).map((r) => as('Note', r)).filter((r) => visible(r, context)),
    loans: (u, _, context) => all('SELECT * FROM loans WHERE member_id = ?', [u.id]).map((r) => as('Loan', r)).filter((r) => visible(r, context)),
    reviews: (u) => all('SELECT * FROM reviews WHERE author_id = ?', [u.id]).map((r) => as('Review', r)),
  },
  Book: {
    id: (b) => globalId('Book', b.id),
    reviews: (b) => all('SELECT * FROM reviews WHERE book_id = ?', [b.id]).map((r) => as('Review', r)),
  },
  Review: {
    id: (r) => globalId('Review', r.id),
    author: (r) => as('User', one('SELECT * FROM users WHERE id = ?', [r.author_id])),
    book: (r) => as('Book', one('SELECT * FROM books WHERE id = ?', [r.book_id])),
  },
  Note: {
    id: (n) => globalId('Note', n.id),
    owner: (n) => as('User', one('SELECT * FROM users WHERE id = ?', [n.owner_id])),
  },
  Loan: {
    id: (l) => globalId('Loan', l.id),
    dueOn: (l) => l.due_on,
    book: (l) => as('Book', one('SELECT * FROM books WHERE id = ?', [l.book_id])),
    member: (l) => as('User', one('SELECT * FROM users WHERE id = ?', [l.member_id])),
  },
  Query: {
    me: (_, __, context) => context.user,
    node: (_, { id }, context) => {
      member(context);
      return visible(load(id), context);
    },
    user: (_, { id }, context) => {
      member(context);
      return load(id, 'User');
    },
    book: (_, { id }) => load(id, 'Book'),
    books: (_, { search, orderBy, first }) => {
      const limit = Math.max(1, Math.min(first ?? 20, 100));
      if (HARDENED) {
        if (!ORDERS.includes(orderBy)) throw refuse('BAD_USER_INPUT', `orderBy is one of ${ORDERS.join(', ')}`);
        const rows = all(`SELECT * FROM books WHERE title LIKE ? OR author LIKE ? ORDER BY ${orderBy} LIMIT ?`, [`%${search ?? ''}%`, `%${search ?? ''}%`, limit]);
        return rows.map((r) => as('Book', r));
      }
      const where = search ? `WHERE title LIKE '%${search}%' OR author LIKE '%${search}%'` : '';
      return all(`SELECT id, title, author, year FROM books ${where} ORDER BY ${orderBy} LIMIT ${limit}`).map((r) => as('Book', r));
    },
    members: (_, __, context) => {
      if (HARDENED) librarian(context);
      else member(context);
      return all('SELECT * FROM users').map((r) => as('User', r));
    },
  },
  Mutation: {
    login: (_, { email, password }, context) => {
      const keys = [[`user:${email.toLowerCase()}`, 5], [`address:${context.address}`, 20]];
      if (HARDENED && keys.some(([key, limit]) => failed(key).length >= limit)) throw refuse('TOO_MANY', 'Too many failed log ins, try again later');
      const user = one('SELECT * FROM users WHERE email = ?', [email.toLowerCase()]);
      const matching = right(password, user ? user.password_hash : NOBODY);
      if (!user || !matching) {
        if (HARDENED) for (const [key] of keys) failed(key).push(Date.now());
        throw refuse('UNAUTHENTICATED', 'E-mail or password is wrong');
      }
      const token = jwt.sign({}, SECRET, { algorithm: 'HS256', subject: String(user.id), ...(HARDENED ? { expiresIn: 900 } : {}) });
      return { token, user: as('User', user) };
    },
    register: (_, { input }) => {
      const { password, ...rest } = input;
      length(password, 'password', 128, 12);
      length(rest.name, 'name', 100, 1);
      if (!/^[^@\s]+@[^@\s]+$/.test(rest.email)) throw refuse('BAD_USER_INPUT', 'email is not an e-mail address');
      rest.email = rest.email.toLowerCase();
      if (HARDENED) delete rest.role;
      if (one('SELECT 1 FROM users WHERE email = ?', [rest.email])) throw refuse('BAD_USER_INPUT', 'This e-mail cannot be used');
      return as('User', insert('users', { ...rest, password_hash: hash(password) }));
    },
    updateProfile: (_, { input }, context) => {
      const user = member(context);
      for (const [key, value] of Object.entries(input)) {
        if ((key === 'name' && !value) || (HARDENED && !['name', 'bio'].includes(key))) continue;
        database.run(`UPDATE users SET ${key} = ? WHERE id = ?`, [value, user.id]);
      }
      return load(globalId('User', user.id));
    },
    addNote: (_, { text }, context) => {
      length(text, 'text', 2000, 1);
      return as('Note', insert('notes', { owner_id: member(context).id, text }));
    },
    updateNote: (_, { id, text }, context) => {
      member(context);
      length(text, 'text', 2000, 1);
      const note = visible(load(id, 'Note'), context);
      if (!note) throw refuse('NOT_FOUND', 'No such note');
      database.run('UPDATE notes SET text = ? WHERE id = ?', [text, note.id]);
      return load(id, 'Note');
    },
    deleteNote: (_, { id }, context) => {
      member(context);
      const note = visible(load(id, 'Note'), context);
      if (!note) throw refuse('NOT_FOUND', 'No such note');
      database.run('DELETE FROM notes WHERE id = ?', [note.id]);
      return true;
    },
    addReview: (_, { input }, context) => {
      const user = member(context);
      length(input.text, 'text', 2000, 1);
      const book = load(input.bookId, 'Book');
      if (!book) throw refuse('NOT_FOUND', 'No such book');
      return as('Review', insert('reviews', { author_id: user.id, book_id: book.id, text: input.text, stars: Math.max(1, Math.min(5, input.stars)) }));
    },
    removeBook: (_, { id }, context) => {
      if (HARDENED) librarian(context);
      else member(context);
      const book = load(id, 'Book');
      if (!book) throw refuse('NOT_FOUND', 'No such book');
      database.run('DELETE FROM reviews WHERE book_id = ?', [book.id]);
      database.run('DELETE FROM loans WHERE book_id = ?', [book.id]);
      database.run('DELETE FROM books WHERE id = ?', [book.id]);
      return true;
    },
  },
};

// ---- limits of one request

const MOST_DEPTH = 8;
const MOST_ROOT_FIELDS = 10;

function depthAndWidth(context) {
  const fragments = new Map(context.getDocument().definitions.filter((d) => d.kind === Kind.FRAGMENT_DEFINITION).map((d) => [d.name.value, d]));
  let fields = 0;
  let roots = 0;
  // Counts what fragments bring too; stops where a fragment repeats itself, which another rule refuses.
  function walk(selections, depth, seen, root) {
    if (depth > MOST_DEPTH || fields > 500) return false;
    return selections.selections.every((selection) => {
      if (selection.kind === Kind.FIELD) {
        fields += 1;
        roots += root ? 1 : 0;
        return roots <= MOST_ROOT_FIELDS && (!selection.selectionSet || walk(selection.selectionSet, depth + 1, seen, false));
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) return walk(selection.selectionSet, depth, seen, root);
      const fragment = fragments.get(selection.name.value);
      if (!fragment || seen.includes(fragment)) return true;
      return walk(fragment.selectionSet, depth, [...seen, fragment], root);
    });
  }
  return {
    OperationDefinition(operation) {
      fields = 0;
      roots = 0;
      if (!walk(operation.selectionSet, 1, [], true)) {
        context.reportError(refuse('TOO_COMPLEX', `At most ${MOST_ROOT_FIELDS} fields at the top and ${MOST_DEPTH} levels`));
      }
      return false;
    },
  };
}

const limits = {
  onValidate({ addValidationRule }) {
    addValidationRule(NoSchemaIntrospectionCustomRule);
    addValidationRule(depthAndWidth);
    // Suggestions would tell the names that introspection does not.
    return ({ valid, result, setResult }) => {
      if (!valid) setResult(result.map((e) => new GraphQLError(e.message.replace(/ Did you mean .*/, ''), { nodes: e.nodes, extensions: e.extensions })));
    };
  },
};

const headers = {
  onResponse({ response }) {
    for (const [name, value] of [
      ['content-security-policy', "default-src 'self'; frame-ancestors 'none'"], ['x-content-type-options', 'nosniff'],
      ['x-frame-options', 'DENY'], ['x-xss-protection', '0'], ['referrer-policy', 'strict-origin-when-cross-origin'],
      ['permissions-policy', 'camera=(), microphone=(), geolocation=()'], ['cross-origin-opener-policy', 'same-origin'],
      ['cross-origin-resource-policy', 'same-origin'], ['cache-control', 'no-store'],
    ]) response.headers.set(name, value);
  },
};

const yoga = createYoga({
  schema: createSchema({ typeDefs: fs.readFileSync(path.join(__dirname, 'schema.graphql'), 'utf8'), resolvers }),
  context: ({ request, req }) => ({ user: caller(request), address: req.socket.remoteAddress }),
  landingPage: false,
  logging: false,
  ...(HARDENED
    ? { graphiql: false, batching: false, plugins: [limits, headers], cors: { origin: ['https://app.shelf.example'], credentials: false, methods: ['POST'] } }
    : { graphiql: true, batching: { limit: 1000 }, maskedErrors: false }),
});

initSqlJs().then((SQL) => {
  database = new SQL.Database();
  fill();
  http.createServer(yoga).listen(PORT, '127.0.0.1');
});
