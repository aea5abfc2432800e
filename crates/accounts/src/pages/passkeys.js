// Passkeys: a button that is shown where the browser has them, and the browser's own list at the field for the name.
"use strict";

(() => {
  const box = document.querySelector("[data-passkey]");
  if (!box || !window.PublicKeyCredential || !navigator.credentials) return;

  const { passkey: kind, base, form, next, cancelled, known, failed } = box.dataset;
  const button = box.querySelector("button");
  const problem = box.querySelector("[role=alert]");
  const name = box.querySelector("input");
  let waiting = null;

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
      body: JSON.stringify({ form, ...body }),
    });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return answer.json();
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
    problem.textContent = words[error.name] ?? failed;
  };

  // The browser offers passkeys in the field for the name, until the button asks for one.
  const offer = async () => {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    const mine = (waiting = new AbortController());
    let started;
    try {
      started = await post("start", {});
    } catch {
      return;
    }
    try {
      if (!mine.signal.aborted) await finish(started, await get(started, "conditional", mine.signal));
    } catch (error) {
      tell(error);
    }
  };

  button.addEventListener("click", async () => {
    problem.textContent = "";
    button.disabled = true;
    waiting?.abort();
    try {
      const started = await post("start", {});
      await finish(started, await (kind === "login" ? get(started) : create(started)));
    } catch (error) {
      tell(error);
      if (kind === "login") offer();
    } finally {
      button.disabled = false;
    }
  });

  box.hidden = false;
  if (kind === "login") offer();
})();
