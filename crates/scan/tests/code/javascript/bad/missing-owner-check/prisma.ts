router.get('/invoices/:id', authMiddleware, async (req: Request, res: Response) => {
  const invoice = await prisma.invoice.findUnique({ where: { id: Number(req.params.id) } });
  res.json(invoice);
});
