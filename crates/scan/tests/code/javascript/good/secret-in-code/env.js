const apiKey = process.env.API_KEY;
const apiSecret = 'your-api-secret-here';
