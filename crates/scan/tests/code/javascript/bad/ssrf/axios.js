import axios from 'axios';
app.post('/preview', async (req, res) => {
  const { url } = req.body;
  const page = await axios.get(url);
  res.json({ length: page.data.length });
});
