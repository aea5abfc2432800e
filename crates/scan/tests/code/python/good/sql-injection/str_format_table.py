TABLE = "items"

@router.get("/items")
async def items(category: str, conn=Depends(get_conn)):
    sql = "SELECT * FROM {} WHERE category = $1 ORDER BY id".format(TABLE)
    return await conn.fetch(sql, category)
