@router.get("/notes/{note_id}")
async def note(note_id: int, user: User = Depends(get_current_user), db: Session = Depends(get_db)):
    note = db.query(Note).filter(Note.id == note_id).first()
    if not note:
        raise HTTPException(404)
    return note
