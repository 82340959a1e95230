// The first screen without reloads: what the forms answer is put in place, claims are explained, and the newcomer's API
// is looked out for. Everything works without this file, a page at a time.

import { TIMES, explain } from "./inspect-claims.js";
import { decode } from "./inspect-decode.js";
import { seconds } from "./inspect-time.js";
import { coloured, element, ends, left, reference } from "./inspect-view.js";

const LOOK_MILLISECONDS = 2000;
let typed = 0;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const now = () => Date.now() / 1000;
const root = () => document.getElementById("start");

/** Put what is only better with a script into the page, which the server has just made. */
function dress() {
  clocks();
  tokenView();
  copiers(root());
}

/** Times as the reader's own clock shows them. */
function clocks() {
  for (const time of root().querySelectorAll("time[data-at]")) {
    const at = new Date(Number(time.dataset.at) * 1000);
    time.dateTime = at.toISOString();
    time.textContent = at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" });
  }
}

/** The token with its claims as buttons: pointer or focus shows what one means, and where it stands. */
function tokenView() {
  const plain = document.getElementById("start-token");
  const found = decode(plain.textContent);
  if (found.kind !== "signed") return;
  const line = coloured(found);
  line.id = "start-token";
  line.classList.add("start-token");
  line.classList.remove("inspect-code");
  plain.replaceWith(line);
  const meaning = element("p", { class: "start-meaning", id: "start-meaning" });
  const list = element("div", { class: "start-list", role: "group", "aria-label": "Claims: each with its meaning below" });
  const members = found.parts.slice(0, 2).flatMap((part) => part.members.map((member) => ({ part, member })));
  for (const { part, member } of members) {
    const name = `${part.name}:${member.name}`;
    const button = element("button", { type: "button", class: `start-claim token-${part.name}`, "data-name": name, "aria-pressed": "false", "aria-describedby": "start-meaning" }, member.name);
    for (const kind of ["pointerenter", "focus", "click"]) button.addEventListener(kind, () => choose(name));
    list.append(button);
  }
  const claims = found.parts[1].tree?.value;
  const holder = document.getElementById("start-claims");
  holder.replaceChildren(...[claims ? life(claims) : null, list, meaning].filter(Boolean));
  const choose = (name) => {
    const one = members.find(({ part, member }) => `${part.name}:${member.name}` === name) ?? members[0];
    if (!one) return;
    const place = `${one.part.name}:${one.member.start}`;
    for (const button of list.children) button.setAttribute("aria-pressed", String(button.dataset.name === name));
    for (const span of line.querySelectorAll("[data-place]")) span.classList.toggle("start-lit", span.dataset.place === place);
    bring(line, line.querySelector(".start-lit"));
    meaning.replaceChildren(...told(one));
  };
  choose(plain.dataset.choose);
}

function told({ part, member }) {
  const found = explain(part.name, member.name);
  const value = element("code", {}, member.raw.length > 120 ? `${member.raw.slice(0, 120)}…` : member.raw);
  const name = element("code", { class: `token-${part.name}` }, member.name);
  const moment = part.name === "payload" && TIMES.has(member.name) ? seconds(member.node.value) : null;
  if (moment !== null) value.append(` · ${new Date(moment * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" })}`);
  if (!found) return [name, " ", value, element("br"), "Not a registered claim: what it means is between issuer and audience."];
  return [name, " ", value, element("br"), found.sentence, " ", reference(found)];
}

function life(claims) {
  if (typeof claims.exp !== "number" || typeof claims.iat !== "number") return null;
  const words = element("span", { "data-moment": String(claims.exp) }, ends(claims.exp, now()));
  const bar = element("progress", { max: String(claims.exp - claims.iat), value: String(left(claims.exp, now())), "data-end": String(claims.exp), "aria-label": "Life left" });
  return element("div", { class: "start-life" }, words, bar);
}

/** Scroll the token, and nothing else, until the lit characters are to be seen. */
function bring(line, lit) {
  if (!lit) return;
  const [inner, outer] = [lit.getBoundingClientRect(), line.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) line.scrollTop += inner.top - outer.top - outer.height / 3;
}

function tick() {
  for (const held of root().querySelectorAll("[data-moment]")) {
    const words = ends(Number(held.dataset.moment), now());
    if (held.textContent !== words) held.textContent = words;
  }
  for (const bar of root().querySelectorAll("[data-end]")) bar.value = left(Number(bar.dataset.end), now());
  // Who asked for less motion gets words that change twice a minute, not every second.
  setTimeout(tick, calm.matches ? 30_000 : 1000);
}

function copiers(within) {
  for (const holder of within.querySelectorAll(".start-copy")) {
    const button = element("button", { type: "button", class: "button button-secondary button-small start-copier" }, "Copy");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(holder.querySelector("pre").textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    holder.append(button);
  }
}

/** Send a form as the browser would, and put the page that is answered in place of this one. */
async function send(form, button) {
  const body = new URLSearchParams(new FormData(form, button));
  form.dataset.busy = "";
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const made = page.getElementById("start");
  // Another page than this one: an error, or the sign-in. It is shown as what it is.
  if (!made) return location.assign(answer.url);
  root().replaceWith(document.adoptNode(made));
  if (answer.url !== location.href) history.replaceState(null, "", answer.url);
  dress();
  document.getElementById(button.id)?.focus();
}

async function show(link) {
  const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
  const made = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("yours");
  if (!made) return location.assign(link.href);
  document.getElementById("yours").replaceWith(document.adoptNode(made));
  history.replaceState(null, "", link.href);
  copiers(made);
  document.getElementById(link.id)?.focus();
}

/** Ask the server whether the newcomer's API is there yet, as long as somebody looks at this page. */
async function look() {
  const form = document.getElementById("yours-form");
  if (form && document.visibilityState === "visible" && Date.now() - typed >= LOOK_MILLISECONDS && !root().querySelector("[data-busy]")) {
    const body = new URLSearchParams(new FormData(form));
    try {
      const answer = await fetch(root().dataset.look, { method: "POST", body, headers: { Accept: "application/json" } });
      // Whoever is signed out meanwhile is answered with the way to the sign-in: then there is nothing more to ask.
      if (answer.redirected) return;
      if (answer.ok) tell(await answer.json());
    } catch {
      // The issuer is being restarted: the next look will tell.
    }
  }
  setTimeout(look, LOOK_MILLISECONDS);
}

function tell(seen) {
  const line = document.getElementById("yours-sighting");
  if (!line) return;
  terminal(seen.commands);
  const said = document.getElementById("yours-sentence");
  line.dataset.state = seen.state;
  if (seen.state === "waiting") return say(said, ["Waiting for your API…", sentence(seen)].join(" ").trim());
  const caller = element("bdi", {}, seen.caller);
  if (seen.state === "guarded") return say(said, element("strong", {}, "Your API is protected."), ` ${seen.with_token} for `, caller, ` with a token, ${seen.without} without.`);
  say(said, element("strong", {}, `${seen.with_token} with a token, ${seen.without} without:`), ` ${sentence(seen)}`);
}

function sentence(seen) {
  return seen.sentence && `${seen.sentence[0].toUpperCase()}${seen.sentence.slice(1)}.`;
}

/** The commands name the address that has answered, and a token that lives: both change while the page is open. */
function terminal(commands) {
  document.getElementById("yours-ask").hidden = !commands;
  const code = document.querySelector("#yours-curl > code");
  if (code.textContent !== commands) code.textContent = commands;
}

/** A live region speaks whenever it changes: it is left alone while it says the same. */
function say(holder, ...parts) {
  const made = element("span", {}, ...parts);
  if (made.textContent !== holder.textContent) holder.replaceChildren(...made.childNodes);
}

document.addEventListener("submit", (event) => {
  if (!["start-form", "yours-form"].includes(event.target.id)) return;
  event.preventDefault();
  if (!("busy" in event.target.dataset)) send(event.target, event.submitter);
});
// Half an address is not asked; whoever leaves the field for the terminal, with the pointer still in it, is looked after.
document.addEventListener("input", (event) => {
  if (event.target.id === "yours-address") typed = Date.now();
});
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".start-tabs a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(link);
});
dress();
tick();
look();
