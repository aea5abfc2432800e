const stripe = require('stripe')('sk_live_' + 'x');
const apiKey = 'pT4vX9qLm2Zr7KwB8nYc6HdJ';
