// What `decode` found, as elements. Nothing of a token ever becomes markup: text goes in as text.

import { TIMES, explain } from "./inspect-claims.js";
import { away, inUtc, inZone, seconds } from "./inspect-time.js";

/** An element with attributes and children; strings become text. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A link to a specification. It opens beside the page, since the token is nowhere but in it. */
export function reference({ label, url }) {
  return element("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}

const tone = (name) => (name === "header" || name === "payload" ? `token-${name}` : "token-signature");

/** The token in three colours; the characters that carry a member are an element of their own. */
export function coloured(found) {
  const line = element("pre", { class: "code token inspect-code", tabindex: "0", role: "region", "aria-label": "The token in three colours" });
  for (const [index, part] of found.parts.entries()) {
    if (index > 0) line.append(".");
    const holder = element("span", { class: tone(part.name) });
    let at = 0;
    for (const member of part.members) {
      const from = Math.max(at, member.from);
      holder.append(part.encoded.slice(at, from));
      holder.append(element("span", { "data-place": `${part.name}:${member.start}` }, part.encoded.slice(from, member.to)));
      at = Math.max(at, member.to);
    }
    holder.append(part.encoded.slice(at));
    line.append(holder);
  }
  return line;
}

/** How much of the token's life is left, as a bar and in words; null where it says neither beginning nor end. */
export function life(claims, now) {
  const [from, to] = [seconds(claims.iat ?? claims.nbf), seconds(claims.exp)];
  if (to === null) return null;
  const words = element("span", { "data-moment": String(to), "data-said": "ends" }, ends(to, now));
  if (from === null || from >= to) return element("p", { class: "inspect-life" }, words);
  const bar = element("progress", { max: String(to - from), value: String(left(to, now)), "data-end": String(to), "aria-label": "Life left" });
  return element("p", { class: "inspect-life" }, words, bar);
}

/** Seconds until `to`, none after it. */
export const left = (to, now) => Math.max(0, to - now);

/** “Ends in 4 minutes”, “Ended 2 days ago”. */
export const ends = (to, now) => `${to > now ? "Ends" : "Ended"} ${away(to, now)}`;

/** The members of a part, each with its value, its meaning and its specification. */
export function members(part, now, sealed) {
  const rows = part.members.map((member) => row(part, member, now, sealed));
  const title = part.name === "header" ? "Header" : "Payload";
  const count = `${rows.length} ${part.name === "header" ? "parameter" : "claim"}${rows.length === 1 ? "" : "s"}`;
  const heading = element("h2", { class: tone(part.name) }, title, " ", element("span", { class: "inspect-count" }, count));
  return element("section", { class: "card inspect-part" }, heading, element("ul", { class: "inspect-rows" }, ...rows));
}

function row(part, member, now, sealed) {
  const meaning = explain(part.name, member.name, sealed);
  const place = `${part.name}:${member.start}`;
  const name = element("button", { type: "button", class: "inspect-name", "data-show": place, title: "Show its place in the token" });
  name.append(element("code", { class: tone(part.name) }, member.name));
  const item = element("li", { class: "inspect-row", "data-row": place }, name, element("pre", { class: "inspect-value" }, readable(member)));
  if (part.name === "payload" && TIMES.has(member.name)) item.append(time(member, now));
  const sentence = element("p", { class: "inspect-meaning" });
  if (meaning) sentence.append(meaning.sentence, " ", reference(meaning));
  else sentence.append(part.name === "header" ? "Not a registered parameter: what it means is between issuer and audience." : "Not a registered claim: what it means is between issuer and audience.");
  item.append(sentence);
  return item;
}

/** The value as it stands in the token; objects and lists with a line for each member, numbers digit by digit. */
function readable(member) {
  const isDeep = member.node.kind === "object" || member.node.kind === "array";
  return isDeep && member.raw.length > 40 ? JSON.stringify(member.node.value, null, 2) : member.raw;
}

function time(member, now) {
  const moment = seconds(member.node.value);
  if (moment === null) return element("p", { class: "inspect-time" }, "This is not a time: seconds since 1970 are expected, as a number.");
  const said = element("time", { datetime: inUtc(moment) }, inZone(moment));
  const utc = element("span", { class: "muted" }, ` · ${inUtc(moment)} · `);
  return element("p", { class: "inspect-time" }, said, utc, element("span", { "data-moment": String(moment) }, away(moment, now)));
}

/** What the last part of a signed token is. */
export function signature(part, algorithm) {
  const length = part.bytes === null ? 0 : part.bytes.length;
  const sentence =
    length === 0
      ? "There is no signature: anybody can have written this."
      : `${length} bytes over everything before the last full stop, made with ${algorithm}. Whether they hold can only be said with the issuer’s key.`;
  const place = reference({ label: "RFC\u00a07515, section\u00a05.2", url: "https://www.rfc-editor.org/rfc/rfc7515#section-5.2" });
  return element("section", { class: "card inspect-part" }, element("h2", { class: "token-signature" }, "Signature"), element("p", { class: "inspect-meaning" }, sentence, " ", place));
}

/** The parts of an encrypted token that nobody without the key can read. */
export function sealed(parts) {
  const rows = parts.slice(1).map((part) =>
    element("li", { class: "inspect-row" }, element("code", { class: "token-signature" }, part.name), element("p", { class: "inspect-meaning" }, `${part.bytes === null ? 0 : part.bytes.length} bytes`)),
  );
  const sentence = "This token is encrypted: only its audience has the key to the claims. What can be read is the header.";
  const place = reference({ label: "RFC\u00a07516, section\u00a03", url: "https://www.rfc-editor.org/rfc/rfc7516#section-3" });
  return element("section", { class: "card inspect-part" }, element("h2", { class: "token-signature" }, "Encrypted"), element("p", { class: "inspect-meaning" }, sentence, " ", place), element("ul", { class: "inspect-rows" }, ...rows));
}

const LEVELS = { danger: ["status status-error", "Danger"], warning: ["status status-warn", "Warning"], note: ["status", "Note"] };

/** What `findings` named; `isWhole` says that nothing could not be read. */
export function mistakes(list, isWhole) {
  const heading = element("h2", {}, "Common mistakes");
  if (list.length === 0) {
    const sentence = isWhole ? "None of those that can be seen without the issuer’s key." : "None in what can be read.";
    return element("section", { class: "card inspect-part", id: "inspect-mistakes" }, heading, element("p", { class: "inspect-meaning" }, sentence));
  }
  const rows = list.map(({ id, level, title, sentence, place }) => {
    const [tint, word] = LEVELS[level];
    const head = element("p", { class: "inspect-finding" }, element("span", { class: tint }, word), " ", element("strong", {}, title));
    return element("li", { class: "inspect-row", "data-finding": id }, head, element("p", { class: "inspect-meaning" }, `${sentence} `, reference(place)));
  });
  return element("section", { class: "card inspect-part", id: "inspect-mistakes" }, heading, element("ul", { class: "inspect-rows" }, ...rows));
}

/** Why a text cannot be read. */
export function problems(found) {
  const list = element("ul", { class: "stack" }, ...found.problems.map((problem) => element("li", {}, problem.sentence)));
  const heading = element("h2", {}, found.parts.length > 0 ? "Part of this cannot be read" : "This is not a token");
  return element("section", { class: "notice notice-error inspect-problems", id: "inspect-problems" }, heading, list);
}
