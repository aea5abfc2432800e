export async function GET(request: NextRequest) {
  const target = request.nextUrl.searchParams.get('url');
  const answer = await fetch(target!);
  return Response.json(await answer.json());
}
