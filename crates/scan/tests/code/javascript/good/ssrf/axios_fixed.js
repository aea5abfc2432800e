import axios from 'axios';
app.post('/preview', async (req, res) => {
  const { id } = req.body;
  const page = await axios.get(`https://api.example.com/pages/${encodeURIComponent(id)}`);
  res.json({ length: page.data.length });
});
