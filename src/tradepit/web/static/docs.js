// Swagger UI over the exchange's own description. Requests are stamped and signed on their way out
// with the chosen account's key, so that "Try it out" needs no more than the parameters.
"use strict";

(() => {
  const base = new URL(".", location.href).href.replace(/\/$/, ""); // stays in this world
  const chosen = (id) => document.getElementById(id);
  const OWN = "own";
  let accounts = [];
  let signed = []; // [method, pattern of the path, needs a signature]

  function say(text) {
    chosen("note").textContent = text;
  }

  function holder() {
    const name = chosen("account").value;
    if (name === OWN) {
      return { api_key: chosen("key").value.trim(), secret_key: chosen("secret").value.trim() };
    }
    return accounts.find((account) => account.name === name);
  }

  async function sign(text, secret) {
    if (!crypto.subtle) {
      throw new Error("This browser signs on https or on localhost only.");
    }
    const bytes = new TextEncoder();
    const how = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", bytes.encode(secret), how, false, ["sign"]);
    const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes.encode(text)));
    return Array.from(signature, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  async function stamp(request) {
    const url = new URL(request.url, location.href);
    const path = url.href.slice(base.length).split("?")[0];
    const found = signed.find(([method, known]) => method === request.method && known === path);
    if (!found) {
      return request;
    }
    const account = holder();
    if (!account || !account.api_key) {
      say("Choose an account, or fill in a key and its secret.");
      return request;
    }
    say("");
    request.headers["X-MBX-APIKEY"] = account.api_key;
    if (found[2]) {
      const query = (url.search ? url.search.slice(1) + "&" : "") + "timestamp=" + Date.now();
      const signature = await sign(query, account.secret_key);
      request.url = url.href.split("?")[0] + "?" + query + "&signature=" + signature;
    }
    return request;
  }

  // What is filled in on the way out need not be asked for.
  function prepared(spec) {
    signed = [];
    spec.servers = [{ url: base, description: "This world" }];
    for (const [path, methods] of Object.entries(spec.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (operation.security) {
          const needs = operation.security.some((one) => "signature" in one);
          signed.push([method.toUpperCase(), path, needs]);
          operation.description += needs ? "\n\nSigned on its way out." : "\n\nSent with the key.";
          delete operation.security;
        }
        if (operation.parameters) {
          operation.parameters = operation.parameters.filter((one) => one.name !== "timestamp");
        }
      }
    }
    delete spec.components.securitySchemes;
    return spec;
  }

  async function show() {
    const reading = "Reading the reference …";
    say(reading);
    let answer = null;
    try {
      answer = await fetch(base + "/" + chosen("document").value);
    } catch { /* nobody is there: said below */ }
    if (!answer || !answer.ok) {
      say("The reference could not be loaded. Is the server running?");
      return;
    }
    window.ui = SwaggerUIBundle({
      spec: prepared(await answer.json()),
      domNode: chosen("reference"),
      deepLinking: true,
      filter: true,
      docExpansion: "none",
      defaultModelsExpandDepth: -1,
      defaultModelRendering: "model",
      displayRequestDuration: true,
      validatorUrl: null,
      requestInterceptor: stamp,
      onComplete: () => {
        if (chosen("note").textContent === reading) {
          say("");
        }
      },
    });
  }

  async function findAccounts() {
    const answer = await fetch(base + "/_tradepit/v1/info");
    accounts = answer.ok ? (await answer.json()).accounts : [];
    const select = chosen("account");
    for (const { name } of accounts) {
      select.add(new Option(name, name));
    }
    select.add(new Option("a key of your own …", OWN));
    chosen("own").hidden = select.value !== OWN;
  }

  chosen("account").addEventListener("change", () => {
    chosen("own").hidden = chosen("account").value !== OWN;
    say("");
  });
  chosen("document").addEventListener("change", show);
  findAccounts().then(show);
})();
