// Signs the text of the page with NCALayer, the program of the national
// certification authority on the person's own machine, and sends the form with the
// signature. Without it the form takes a signature made elsewhere.
//
// NCALayer speaks by modules. New ones know "basics"; one that does not is asked for
// the older "commonUtils": first which key store is plugged in, then to sign. The
// server checks whatever comes back.
"use strict";

(() => {
  const form = document.getElementById("sign");
  const button = document.getElementById("ncalayer");
  const said = document.getElementById("said");
  const other = document.getElementById("other");
  const field = form.elements.signature;
  const text = form.dataset.text;

  const common = (method, args) => ({ module: "kz.gov.pki.knca.commonUtils", method, args });

  // What is asked for: a CMS without the text inside, with a time stamp, by a key
  // for signing documents.
  const questions = {
    basics: () => ({
      module: "kz.gov.pki.knca.basics",
      method: "sign",
      args: {
        allowedStorages: null,
        format: "cms",
        data: text,
        signingParams: { decode: "true", encapsulate: "false", digested: "false", tsaProfile: {} },
        signerParams: { extKeyUsageOids: ["1.3.6.1.5.5.7.3.4"] },
        locale: document.documentElement.lang,
      },
    }),
    stores: () => common("getActiveTokens", []),
    common: (store) => common("createCMSSignatureFromBase64", [store, "SIGNATURE", text, false]),
  };

  // What an answer means: ignore, a signature, a list of stores, or why there is
  // none. Versions differ in the shape, and in whether a code is a number.
  const meaning = (answer, asked) => {
    if (answer === null || typeof answer !== "object") {
      return { what: "ignore" };
    }
    const why = [answer.errorCode, answer.code, answer.message, answer.details].filter((s) => typeof s === "string").join(" ");
    if (/MODULE_NOT_FOUND|no such module|module not found/i.test(why)) {
      return { what: "unknown" };
    }
    if (answer.status === undefined && answer.code === undefined && answer.errorCode === undefined) {
      return { what: "ignore" }; // it greets with its version first
    }
    const good = answer.status === true || String(answer.code) === "200" || String(answer.status) === "200";
    let result = answer.responseObject;
    if (result === undefined || result === null) {
      result = answer.body && answer.body.result;
    }
    if (good && asked === "stores") {
      return { what: "stores", stores: Array.isArray(result) ? result : [] };
    }
    const cms = Array.isArray(result) ? result[0] : result;
    if (good && typeof cms === "string" && cms !== "") {
      return { what: "signed", cms };
    }
    if (good || /cancel/i.test(why)) {
      return { what: "cancelled" }; // whoever closes the window is answered with nothing
    }
    if (/expired|not ?after|истек|истёк|мерзімі/i.test(why)) {
      return { what: "expired" };
    }
    return { what: /no such method|METHOD_NOT_FOUND|NoSuchMethod/i.test(why) ? "old" : "failed" };
  };

  const say = (what) => {
    said.textContent = form.dataset[what] || "";
    button.disabled = what === "waiting";
    if (what !== "waiting" && what !== "" && other) {
      other.open = true; // there is another way
    }
  };

  const sign = () => {
    say("waiting");
    let ended = false;
    let asked = "";
    const end = (what) => {
      if (!ended) {
        ended = true;
        say(what);
      }
      socket.close();
    };
    const socket = new WebSocket(form.dataset.ncalayer);
    const ask = (what, store) => {
      asked = what;
      socket.send(JSON.stringify(questions[what](store)));
    };
    socket.onopen = () => ask("basics");
    socket.onmessage = (event) => {
      let answer;
      try {
        answer = JSON.parse(event.data);
      } catch {
        return; // a heartbeat
      }
      const got = meaning(answer, asked);
      if (ended || got.what === "ignore") {
        return;
      }
      if (got.what === "unknown") {
        if (asked === "basics") {
          ask("stores");
        } else {
          end("old");
        }
        return;
      }
      if (asked === "stores") {
        // A plugged-in token if there is one, a file if there is none or it cannot tell.
        ask("common", (got.stores && got.stores[0]) || "PKCS12");
        return;
      }
      if (got.what !== "signed") {
        end(got.what);
        return;
      }
      end("");
      button.disabled = true;
      field.value = got.cms;
      form.submit();
    };
    socket.onerror = () => end("absent");
    socket.onclose = () => end("absent");
  };

  button.addEventListener("click", sign);
  button.hidden = false;
})();
