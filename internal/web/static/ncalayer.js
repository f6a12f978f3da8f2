// Signs the text of the page with NCALayer, the program of the national
// certification authority on the person's own machine, and sends the form with the
// signature. Without it the form takes a signature made elsewhere.
"use strict";

(() => {
  const form = document.getElementById("sign");
  const button = document.getElementById("ncalayer");
  const said = document.getElementById("said");
  const field = form.elements.signature;

  // What is asked for: a CMS without the text inside, with a time stamp, by a key
  // for signing documents. The server checks all of it again.
  const request = JSON.stringify({
    module: "kz.gov.pki.knca.basics",
    method: "sign",
    args: {
      allowedStorages: null,
      format: "cms",
      data: form.dataset.text,
      signingParams: { decode: "true", encapsulate: "false", digested: "false", tsaProfile: {} },
      signerParams: { extKeyUsageOids: ["1.3.6.1.5.5.7.3.4"] },
      locale: document.documentElement.lang,
    },
  });

  // The answer has the CMS in a list or alone; the person who closed the window
  // gives none.
  const signature = (answer) => {
    const result = answer.status === true && answer.body && answer.body.result;
    const cms = Array.isArray(result) ? result[0] : result;
    return typeof cms === "string" && cms !== "" ? cms : null;
  };

  const say = (what) => {
    said.textContent = form.dataset[what] || "";
    button.disabled = what === "waiting";
  };

  const sign = () => {
    say("waiting");
    let ended = false;
    const end = (what) => {
      if (!ended) {
        ended = true;
        say(what);
      }
      socket.close();
    };
    const socket = new WebSocket(form.dataset.ncalayer);
    socket.onopen = () => socket.send(request);
    socket.onmessage = (event) => {
      let answer;
      try {
        answer = JSON.parse(event.data);
      } catch {
        return; // not for us
      }
      if (answer === null || typeof answer !== "object" || answer.status === undefined) {
        return; // it greets with its version first
      }
      const cms = signature(answer);
      if (cms === null) {
        end("cancelled");
        return;
      }
      end("");
      button.disabled = true;
      field.value = cms;
      form.submit();
    };
    socket.onerror = () => end("absent");
    socket.onclose = () => end("absent");
  };

  button.addEventListener("click", sign);
  button.hidden = false;
})();
