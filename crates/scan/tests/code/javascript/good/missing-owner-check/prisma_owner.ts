router.get('/invoices/:id', authMiddleware, async (req: Request, res: Response) => {
  const invoice = await prisma.invoice.findFirst({ where: { id: Number(req.params.id), userId: req.user.id } });
  res.json(invoice);
});
