// A provider of OpenID Connect: the certified npm package `oidc-provider`. Whoever comes is logged in at once, as the user that
// the test has named, and consents.
//
// usage: openid_provider.mjs NODE_MODULES PORT CALLBACK OPTIONS
import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [modules, port, callback, text] = process.argv.slice(2);
const options = JSON.parse(text ?? "{}");
const imported = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`));
const Provider = imported.Provider ?? imported.default;
const issuer = `http://127.0.0.1:${port}`;
let who = "ann";

// A restart has the same keys where the test names a file for them.
const made = (kind, details, alg) => {
  const { privateKey } = generateKeyPairSync(kind, details);
  return { ...privateKey.export({ format: "jwk" }), alg, use: "sig", kid: `${alg}-${Date.now()}` };
};
const jwks = options.keys && existsSync(options.keys)
  ? JSON.parse(readFileSync(options.keys, "utf8"))
  : { keys: [made("rsa", { modulusLength: 2048 }, "RS256"), made("ec", { namedCurve: "P-256" }, "ES256")] };
if (options.keys) writeFileSync(options.keys, JSON.stringify(jwks), { mode: 0o600 });

const provider = new Provider(issuer, {
  jwks,
  clients: [
    {
      client_id: "shop",
      client_secret: "a secret: 100% & more of it",
      redirect_uris: [callback],
      post_logout_redirect_uris: ["http://localhost:8080/auth/login"],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: options.auth ?? "client_secret_basic",
      id_token_signed_response_alg: options.algorithm ?? "RS256",
    },
  ],
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256"] },
  pkce: { methods: ["S256"], required: () => true },
  // The claims of scopes stand in the ID token.
  conformIdTokenClaims: false,
  claims: {
    openid: ["sub", "amr", "acr", "auth_time"],
    email: ["email", "email_verified"],
    profile: ["name", "resource"],
  },
  acrValues: ["gold"],
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  ttl: { AccessToken: options.lifetime ?? 3600, IdToken: 3600, Session: 3600, Grant: 86400, Interaction: 600 },
  cookies: { keys: ["cookies of a test"] },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
  interactions: { url: (context, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (context, id) => ({
    accountId: id,
    claims: async () => ({
      sub: id,
      name: id,
      email: `${id}@example.org`,
      email_verified: id !== "mallory",
      resource: { roles: ["clerk"] },
    }),
  }),
  async loadExistingGrant(context) {
    const { client, session } = context.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope("openid email profile offline_access");
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();
createServer(async (request, response) => {
  const url = new URL(request.url, issuer);
  if (url.pathname === "/test/who") {
    who = url.searchParams.get("name");
    return response.end(who);
  }
  if (url.pathname.startsWith("/interaction/")) {
    const { params } = await provider.interactionDetails(request, response);
    const isMore = params.acr_values !== undefined;
    const login = { accountId: who, amr: isMore ? ["pwd", "otp"] : ["pwd"], acr: isMore ? "gold" : undefined };
    return provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
  }
  return answer(request, response);
}).listen(Number(port), "127.0.0.1");
