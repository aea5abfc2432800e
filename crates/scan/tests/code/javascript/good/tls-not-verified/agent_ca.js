const https = require('https');
const agent = new https.Agent({ ca: fs.readFileSync('/etc/ssl/own-ca.pem') });
