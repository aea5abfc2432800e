router.get('/items', async (req: Request, res: Response) => {
  const category = req.query.category as string;
  const items = await prisma.$queryRaw`SELECT * FROM items WHERE category = ${category}`;
  res.json(items);
});
