@router.get("/items")
async def items(category: str, conn=Depends(get_conn)):
    sql = "SELECT * FROM items WHERE category = '{}' ORDER BY id".format(category)
    return await conn.fetch(sql)
