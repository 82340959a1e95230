// The inspector's page: reads what is pasted, shows it, and ties each claim to its place. Nothing is sent from here.

import { decode } from "./inspect-decode.js";
import { findings } from "./inspect-findings.js";
import { away } from "./inspect-time.js";
import { coloured, element, ends, left, life, members, mistakes, problems, sealed, signature } from "./inspect-view.js";

const input = document.getElementById("inspect-token");
const out = document.getElementById("inspect-out");
const empty = out.firstElementChild;
const said = document.getElementById("inspect-said");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const now = () => Date.now() / 1000;

function show() {
  const found = decode(input.value);
  input.setAttribute("aria-invalid", String(found.problems.length > 0));
  out.replaceChildren(...(found.kind === "empty" ? [empty] : shown(found)));
  said.textContent = summary(found);
}

function shown(found) {
  const blocks = [];
  if (found.problems.length > 0) blocks.push(problems(found));
  if (found.parts.length > 0) {
    const heading = element("h2", {}, found.kind === "signed" ? "In three colours" : "In its parts");
    const claims = found.kind === "signed" ? found.parts[1].tree?.value : null;
    blocks.push(element("section", { class: "card inspect-part inspect-whole" }, heading, coloured(found), claims ? life(claims, now()) : null));
  }
  if (found.parts[0]?.tree) blocks.push(mistakes(findings(found, now()), found.problems.length === 0));
  for (const part of found.parts) {
    if (part.tree) blocks.push(members(part, now(), found.kind === "encrypted"));
  }
  if (found.kind === "signed" && found.parts[2].bytes !== null) {
    const algorithm = found.parts[0].tree?.value.alg;
    blocks.push(signature(found.parts[2], typeof algorithm === "string" ? algorithm : "an unknown algorithm"));
  }
  if (found.kind === "encrypted") blocks.push(sealed(found.parts));
  return blocks;
}

/** What assistive technology says after something was pasted. */
function summary(found) {
  if (found.kind === "empty") return "";
  if (found.problems.length > 0) return found.problems[0].sentence;
  const counts = found.parts.filter((part) => part.tree).map((part) => `${part.members.length} members in the ${part.name}`);
  return `${found.kind === "signed" ? "A signed token" : "An encrypted token"}: ${counts.join(", ")}.`;
}

function light(place) {
  for (const lit of out.querySelectorAll(".inspect-lit")) lit.classList.remove("inspect-lit");
  if (!place) return;
  for (const bearer of out.querySelectorAll("[data-place], [data-row]")) {
    if ((bearer.dataset.place ?? bearer.dataset.row) === place) bearer.classList.add("inspect-lit");
  }
  bring(out.querySelector("[data-place].inspect-lit"));
}

/** Scroll the token, and nothing else, until the lit characters are to be seen. */
function bring(lit) {
  const line = lit?.closest("pre");
  if (!line) return;
  const [inner, outer] = [lit.getBoundingClientRect(), line.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) line.scrollTop += inner.top - outer.top - outer.height / 3;
}

function placeAt(target) {
  const bearer = target instanceof Element ? target.closest("[data-place], [data-row]") : null;
  return bearer ? (bearer.dataset.place ?? bearer.dataset.row) : null;
}

function tick() {
  for (const held of out.querySelectorAll("[data-moment]")) {
    const moment = Number(held.dataset.moment);
    const words = held.dataset.said ? ends(moment, now()) : away(moment, now());
    if (held.textContent !== words) held.textContent = words;
  }
  for (const bar of out.querySelectorAll("[data-end]")) bar.value = left(Number(bar.dataset.end), now());
  // Who asked for less motion gets words that change twice a minute, not every second.
  setTimeout(tick, calm.matches ? 30_000 : 1000);
}

out.addEventListener("pointerover", (event) => light(placeAt(event.target)));
out.addEventListener("pointerleave", () => light(placeAt(document.activeElement)));
out.addEventListener("focusin", (event) => light(placeAt(event.target)));
out.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show]");
  if (!button) return;
  const place = [...out.querySelectorAll("[data-place]")].find((span) => span.dataset.place === button.dataset.show);
  place?.scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
});
input.addEventListener("input", show);
show();
tick();
