export function Bio({ user }: { user: User }) {
  return <div className="bio">{user.bio}</div>;
}
