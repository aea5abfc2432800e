from pathlib import Path

@router.get("/logs/{name}")
def logs(name: str):
    with open(Path("/var/log/app") / name) as f:
        return {"text": f.read()}
