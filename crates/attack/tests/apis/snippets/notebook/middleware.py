class Headers:
    """Headers that Django has no setting for."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
        response["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        response["X-XSS-Protection"] = "0"
        response["X-Content-Type-Options"] = "nosniff"
        response["X-Frame-Options"] = "DENY"
        response["Referrer-Policy"] = "strict-origin-when-cross-origin"
        response["Cross-Origin-Opener-Policy"] = "same-origin"
        response["Cross-Origin-Resource-Policy"] = "cross-origin" if request.path.startswith("/snippets") else "same-origin"
        response["Cache-Control"] = "no-store"
        if request.method in ("GET", "HEAD") and request.path.startswith("/snippets"):
            # Snippets are public; there are no cookies.
            response["Access-Control-Allow-Origin"] = "*"
        return response
