// Keeps a page as true as the moment: subscribes to what the page says it follows, fetches the page's content anew when
// something was told, and puts it in place around whatever somebody is writing. Without it every page works the same,
// as true as when it was loaded.

const main = document.getElementById("maincontent");
const state = document.getElementById("live-state");
const follows = main?.dataset.follow ? JSON.parse(main.dataset.follow) : [];

document.body.className += " js-enabled" + ("noModule" in HTMLScriptElement.prototype ? " nhsuk-frontend-supported" : "");
const nhsuk = document.querySelector("script[data-nhsuk]")?.dataset.nhsuk;
if (nhsuk) import(nhsuk).then(({ initAll }) => initAll()).catch(() => {});

// A form is sent once, however often its button is pressed; after a while it may be pressed again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 2000);
});

// What somebody has begun to write is theirs until they send it.
const touched = new WeakSet();
document.addEventListener("input", (event) => {
  touched.add(event.target);
  const form = event.target.form;
  if (form) touched.add(form);
});
window.addEventListener("beforeunload", (event) => {
  const unsent = [...document.forms].some((form) => touched.has(form) && !form.dataset.sent);
  if (unsent) event.preventDefault();
});

function say(text) {
  if (state.textContent !== text) state.textContent = text;
}

let stale = false; // something was told since the page was last put in place
let at = Number(main?.dataset.at) || 0; // the position that the page holds, or has to
let fetching = false;

function told(position) {
  at = Math.max(at, Number(position) || 0);
  stale = true;
  renew();
}

async function renew() {
  if (fetching) return;
  fetching = true;
  try {
    while (stale) {
      stale = false;
      const address = new URL(location.href);
      if (at) address.searchParams.set("at", String(at));
      const answer = await fetch(address, { headers: { "x-fragments": "1", accept: "text/html" }, redirect: "error" });
      if (answer.status === 401) return ended();
      if (answer.status === 403 || answer.status === 404) {
        say("This page is not one for you any more.");
        return hide();
      }
      if (!answer.ok) throw new Error(String(answer.status));
      put(await answer.text());
      say("");
    }
  } catch {
    say("The connection is lost. What is shown may be out of date; what you typed stays.");
    stale = true;
    setTimeout(renew, 1000);
  } finally {
    fetching = false;
  }
}

// Whoever signs in again, on another tab of this browser, finds the page here as it is to them.
let over = false;

function ended() {
  if (over) return;
  over = true;
  hide();
  say(`You are signed out.${typed.hidden ? "" : " What you typed stays here, to copy."}`);
  const again = Object.assign(document.createElement("a"), { href: "/sign-in?next=/signed-in", target: "_blank", rel: "noopener", textContent: "Sign in on another tab" });
  main.append(again);
}

// What is no longer theirs goes; what they typed stays, beside the page, to be copied.
const typed = document.getElementById("typed");

function keep(node) {
  const fields = node.nodeType === 1 ? [...(node.matches("textarea, input") ? [node] : node.querySelectorAll("textarea, input"))] : [];
  for (const field of fields) {
    const text = field.matches("[type=hidden], [type=radio], [type=checkbox]") ? "" : field.value;
    if (!touched.has(field) || !text.trim() || text === field.defaultValue) continue;
    const copy = Object.assign(document.createElement("textarea"), { className: "nhsuk-textarea", rows: 4, value: text });
    copy.setAttribute("aria-label", `What you typed: ${field.labels?.[0]?.textContent.trim() ?? ""}`);
    typed.append(copy);
    typed.hidden = false;
  }
}

// What a form is about: its command, and what that names.
function about(form) {
  const named = ["meeting", "item", "case", "action", "goal", "user", "agency"];
  const given = named.map((name) => form.querySelector?.(`input[type=hidden][name="${name}"]`)?.value ?? "");
  return [form.getAttribute?.("action"), ...given].join(" ");
}

function hide() {
  keep(main);
  main.replaceChildren();
}

function put(html) {
  over = false;
  const next = document.createElement("main");
  next.innerHTML = html;
  Idiomorph.morph(main, next.innerHTML, {
    morphStyle: "innerHTML",
    callbacks: {
      beforeNodeMorphed(old, fresh) {
        if (old.nodeType !== 1 || old.tagName !== "FORM") return true;
        const writing = document.activeElement?.matches("input:not([type=hidden]), textarea, select") && old.contains(document.activeElement);
        if (!touched.has(old) && !writing) return true;
        if (about(old) === about(fresh)) return false;
        // It would stand under another heading: what was typed for one item must not be taken for another's.
        keep(old);
        touched.delete(old);
        return true;
      },
      beforeNodeRemoved(old) {
        keep(old);
        return true;
      },
      beforeAttributeUpdated(name, node) {
        return !(name === "open" && node.tagName === "DETAILS");
      },
    },
  });
  tick();
  document.dispatchEvent(new CustomEvent("catch:renewed"));
}

const LONDON = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/London" });

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Clocks that run on between two messages.
function tick() {
  for (const clock of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(clock.dataset.since)) / 1000));
    const box = Number(clock.dataset.minutes || 0) * 60;
    clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    clock.classList.toggle("catch-over", box > 0 && seconds > box);
  }
  const now = Date.now();
  for (const clock of document.querySelectorAll("[data-until]")) {
    const left = Math.round((Date.parse(clock.dataset.until) - now) / 60000);
    const [hours, rest] = [Math.floor(Math.abs(left) / 60), Math.abs(left) % 60];
    write(clock, `${hours ? `${hours} h ` : ""}${rest} min${left < 0 ? " over" : ""}`);
  }
  // When it will end: what is open takes as long as it may, or has taken; what waits takes as long as it may.
  for (const clock of document.querySelectorAll("[data-finish]:not([data-still])")) {
    const { opened, box, ends, finish } = clock.dataset;
    const rest = opened ? Math.max(0, Date.parse(opened) + Number(box) * 60000 - now) : 0;
    const at = now + rest + Number(finish) * 60000;
    const over = Math.round((at - Date.parse(ends)) / 60000);
    write(clock, LONDON.format(at) + (over > 0 ? `, ${over} min over` : ""));
    clock.parentElement.classList.toggle("catch-over", over > 0);
  }
}
setInterval(tick, 1000);
tick();

// The server cannot be asked just now, which passes.
class Offline extends Error {}

async function ticket() {
  const answer = await fetch("/ticket", { method: "POST", headers: { "x-fragments": "1" } }).catch(() => null);
  if (answer?.status === 401) ended();
  if (!answer?.ok) throw new Offline();
  return { authorization: `Session ${await answer.text()}` };
}

if (follows.length && "graphqlWs" in window && "Idiomorph" in window) {
  const client = graphqlWs.createClient({
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/graphql`,
    connectionParams: ticket,
    retryAttempts: Infinity,
    // 4403 says that a ticket has run out, as it does every now and then: the next one is fetched.
    shouldRetry: (problem) => problem instanceof CloseEvent || problem instanceof Offline,
    isFatalConnectionProblem: () => false,
    retryWait: (tries) => new Promise((done) => setTimeout(done, Math.min(5000, 200 * 2 ** tries) * (0.5 + Math.random()))),
  });
  let lost = false;
  let fresh = true; // this is the first connection of the page
  client.on("closed", () => {
    lost = true;
    fresh = false;
    setTimeout(() => lost && !over && say("The connection is lost. Trying to connect again; what you typed stays."), 1500);
  });
  client.on("connected", () => {
    lost = false;
    say("");
  });
  // Not from a position on: each time the first message is the present state, and the page is asked for anew once this
  // stands. What was recorded meanwhile could be read from the log; that rights have changed meanwhile could not.
  function follow(asked) {
    let message;
    client.subscribe(asked, {
      next({ data }) {
        const first = !message;
        message = Object.values(data ?? {})[0] ?? {};
        // A page that was drawn from this very position shows what was recorded up to there.
        if (!(first && fresh && Number(message.position) <= at)) told(message.position);
      },
      error: () => told(0),
      complete() {
        fresh = false;
        if (message?.__typename === "ResyncRequired") setTimeout(follow, 1000, asked);
      },
    });
  }
  for (const { query, variables } of follows) follow({ query, variables });
}

// Items that may be moved can be dragged to where another one stands: the same form is sent as by its buttons.
let dragged = null;
function draggable() {
  for (const row of document.querySelectorAll("[data-order] > [data-place]")) row.draggable = true;
}
document.addEventListener("catch:renewed", draggable);
draggable();
document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-place]");
});
document.addEventListener("dragover", (event) => {
  const over = dragged && event.target.closest?.("[data-place]");
  for (const row of document.querySelectorAll(".catch-item--over")) if (row !== over) row.classList.remove("catch-item--over");
  if (!over || over === dragged) return;
  event.preventDefault();
  over.classList.add("catch-item--over");
});
document.addEventListener("drop", (event) => {
  const over = event.target.closest?.("[data-place]");
  const form = dragged?.querySelector("form.catch-move");
  dragged = null;
  if (!over || !form || form.contains(over)) return;
  event.preventDefault();
  const place = Object.assign(document.createElement("input"), { type: "hidden", name: "order", value: over.dataset.place });
  form.append(place);
  form.submit();
});
