"use strict";
// Opens what is sealed in this file. It asks no network, and keeps nothing when the page is closed.
const part = (id) => document.getElementById(id);
const bytes = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
const say = (text) => { part("said").textContent = text; };

async function unsealed(passphrase) {
  const box = part("sealed"), encoder = new TextEncoder();
  const typed = encoder.encode(passphrase.normalize("NFKC").replace(/^ +| +$/g, ""));
  const base = await crypto.subtle.importKey("raw", typed, "PBKDF2", false, ["deriveKey"]);
  const stretched = { name: "PBKDF2", hash: "SHA-256", salt: bytes(box.dataset.salt), iterations: Number(box.dataset.iterations) };
  const key = await crypto.subtle.deriveKey(stretched, base, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  const under = { name: "AES-GCM", iv: bytes(box.dataset.nonce), additionalData: encoder.encode(document.title) };
  return new TextDecoder().decode(await crypto.subtle.decrypt(under, key, bytes(box.textContent.trim())));
}

async function open(event) {
  event.preventDefault();
  const field = part("passphrase");
  say("Opening. This takes a moment.");
  try {
    const html = await unsealed(field.value);
    part("pack").replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    field.value = "";
    say("");
    part("face").hidden = true;
    part("opened").hidden = part("pack").hidden = false;
  } catch {
    say("It did not open: this is another passphrase, or the file was changed on its way. Nothing is lost. Look at what you typed, and try again.");
    field.select();
  }
}

if (globalThis.crypto?.subtle) {
  part("form").addEventListener("submit", open);
  part("print").addEventListener("click", () => print());
  part("close").addEventListener("click", () => location.reload());
  part("form").hidden = false;
} else {
  say("This program cannot open it. Save the file on a computer and open it from there with a current browser; or run: catch pack open FILE");
}
