// Passkeys: a button that is shown where the browser has them, and the browser's own list at the field for the name.
"use strict";

(() => {
  const box = document.querySelector("[data-passkey]");
  if (!box || !window.PublicKeyCredential || !navigator.credentials) return;

  const { passkey: kind, base, next, cancelled, known, failed } = box.dataset;
  const button = box.querySelector("button");
  const problem = box.querySelector("[role=alert]");
  const name = box.querySelector("[name=name]");
  const password = box.querySelector("[name=current_password]");
  // A ceremony holds for five minutes.
  const FRESH = 4 * 60 * 1000;
  let waiting = null;
  let asked = 0;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => {
    let binary = "";
    for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte);
    return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };

  const post = async (step, body) => {
    const answer = await fetch(`${base}/passkeys/${kind}/${step}`, {
      method: "POST",
      credentials: "same-origin",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.ok) return answer.json();
    const { code, detail } = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(`status ${answer.status}`), { problem: code, detail });
  };

  const ids = (list) => (list ?? []).map((entry) => ({ ...entry, id: bytes(entry.id) }));

  const create = ({ publicKey }) =>
    navigator.credentials.create({
      publicKey: {
        ...publicKey,
        challenge: bytes(publicKey.challenge),
        user: { ...publicKey.user, id: bytes(publicKey.user.id) },
        excludeCredentials: ids(publicKey.excludeCredentials),
      },
    });

  const get = ({ publicKey }, mediation, signal) =>
    navigator.credentials.get({
      publicKey: {
        ...publicKey,
        challenge: bytes(publicKey.challenge),
        allowCredentials: ids(publicKey.allowCredentials),
      },
      mediation,
      signal,
    });

  const written = (credential) => {
    const { response } = credential;
    const fields = { clientDataJSON: text(response.clientDataJSON) };
    if (response.attestationObject) {
      fields.attestationObject = text(response.attestationObject);
      fields.transports = response.getTransports?.() ?? [];
    } else {
      fields.authenticatorData = text(response.authenticatorData);
      fields.signature = text(response.signature);
      fields.userHandle = response.userHandle ? text(response.userHandle) : null;
    }
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment ?? null,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: fields,
    };
  };

  const finish = async (started, credential) => {
    const { location: to } = await post("finish", {
      ceremony: started.ceremony,
      next,
      name: name?.value.trim() || undefined,
      credential: written(credential),
    });
    const target = new URL(to, location.href);
    if (target.origin !== location.origin) throw new Error("another origin");
    if (target.href === location.href) location.reload();
    else location.assign(target);
  };

  const tell = (error) => {
    if (error.name === "AbortError") return;
    const words = { NotAllowedError: cancelled, InvalidStateError: known };
    problem.textContent = error.detail ?? words[error.name] ?? failed;
    if (error.problem === "wrong_password") password?.focus();
  };

  // The browser offers passkeys in the field for the name, until the button asks for one.
  const offer = async () => {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    const mine = (waiting = new AbortController());
    asked = Date.now();
    let started;
    try {
      started = await post("start", {});
    } catch {
      return;
    }
    try {
      if (!mine.signal.aborted) await finish(started, await get(started, "conditional", mine.signal));
    } catch (error) {
      // Nobody has asked for it: what the browser cannot do here is told when he presses the button.
      if (error.detail) tell(error);
    }
  };

  box.addEventListener("submit", async (event) => {
    event.preventDefault();
    // Not `disabled`: the focus would be lost.
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    problem.textContent = "";
    waiting?.abort();
    try {
      const started = await post("start", { current_password: password?.value });
      await finish(started, await (kind === "register" ? create(started) : get(started)));
    } catch (error) {
      tell(error);
      if (kind === "login") offer();
    } finally {
      button.ariaDisabled = null;
    }
  });

  box.hidden = false;
  if (kind !== "login") return;
  offer();
  document.querySelector("[autocomplete~=webauthn]")?.addEventListener("focus", () => {
    if (!waiting || Date.now() - asked < FRESH) return;
    waiting.abort();
    offer();
  });
})();
