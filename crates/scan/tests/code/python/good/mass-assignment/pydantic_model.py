class ItemUpdate(BaseModel):
    title: str | None = None

@router.put("/items/{id}")
def update_item(session: SessionDep, user: CurrentUser, id: int, body: ItemUpdate):
    item = own_item(session, user, id)
    for key, value in body.model_dump(exclude_unset=True).items():
        setattr(item, key, value)
    session.commit()
    return item
