import { execSync } from 'node:child_process';
export function handler(req: Request, res: Response) {
  const branch = req.params.branch;
  res.json({ log: execSync(`git log ${branch}`).toString() });
}
