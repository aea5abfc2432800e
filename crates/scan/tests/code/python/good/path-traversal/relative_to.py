from pathlib import Path
ROOT = Path("/var/log/app")

@router.get("/logs/{name}")
def logs(name: str):
    full = (ROOT / name).resolve()
    if not full.is_relative_to(ROOT):
        raise HTTPException(404)
    with open(full) as f:
        return {"text": f.read()}
