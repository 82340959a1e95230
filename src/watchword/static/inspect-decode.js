// A pasted text taken apart. No DOM, no network, no exceptions: what is wrong is told as sentences with positions.
// https://www.rfc-editor.org/rfc/rfc7515#section-7.1 and https://www.rfc-editor.org/rfc/rfc7516#section-7.1

import { JsonProblem, characterName, parseJson } from "./inspect-json.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUES = new Map([...ALPHABET].map((character, value) => [character, value]));
VALUES.set("+", 62).set("/", 63);
const SIGNED = ["header", "payload", "signature"];
const ENCRYPTED = ["header", "encrypted key", "initialization vector", "ciphertext", "authentication tag"];
const MAX_CHARACTERS = 1_000_000;
const WRAPPING = /^(?:authorization:\s*)?(?:bearer|dpop)\s+/i;

/**
 * What `pasted` is.
 *
 * Returns `kind` (`empty`, `signed`, `encrypted`, `unknown`), `text` (the token itself), `parts`, `problems` (why it
 * cannot be read, each with `sentence`, `part` and `position`, from 1, in what was pasted), and `notes` (what was
 * put up with, each with `id`, `part` and `position`).
 */
export function decode(pasted) {
  const found = { kind: "empty", text: "", parts: [], problems: [], notes: [] };
  const source = unwrapped(pasted, found.notes);
  if (!source.text) return found;
  if (source.text.length > MAX_CHARACTERS) {
    return refuse(found, `The text has ${source.text.length} characters. No token is longer than a million.`, null, 1);
  }
  found.text = source.text;
  const segments = source.text.split(".");
  if (segments.length !== 3 && segments.length !== 5) return refuse(found, ...notFiveOrThree(source, segments));
  found.kind = segments.length === 3 ? "signed" : "encrypted";
  const names = segments.length === 3 ? SIGNED : ENCRYPTED;
  let start = 0;
  for (const [index, name] of names.entries()) {
    const part = { name, encoded: segments[index], start, bytes: null, text: null, members: [], repeated: [] };
    found.parts.push(part);
    readPart(part, source, found);
    start += segments[index].length + 1;
  }
  return found;
}

/** The token without what people copy along with it, and for each of its characters where it stood. */
function unwrapped(pasted, notes) {
  let from = pasted.length - pasted.trimStart().length;
  let to = pasted.trimEnd().length;
  const prefix = WRAPPING.exec(pasted.slice(from, to));
  if (prefix) {
    notes.push({ id: "prefix", part: null, position: from + 1 });
    from += prefix[0].length;
  }
  for (const quote of ['"', "'", "`"]) {
    if (to - from > 1 && pasted[from] === quote && pasted[to - 1] === quote) {
      notes.push({ id: "quotes", part: null, position: from + 1 });
      from += 1;
      to -= 1;
      break;
    }
  }
  const characters = [];
  const places = [];
  const looksLikeJson = pasted[from] === "{" || pasted[from] === "[";
  let blanks = null;
  for (let index = from; index < to; index += 1) {
    if (!looksLikeJson && /\s/.test(pasted[index])) {
      blanks ??= index + 1;
      continue;
    }
    characters.push(pasted[index]);
    places.push(index);
  }
  if (blanks !== null) notes.push({ id: "blanks", part: null, position: blanks });
  places.push(to);
  return { text: characters.join(""), position: (index) => places[Math.min(index, places.length - 1)] + 1 };
}

function refuse(found, sentence, part, position) {
  found.kind = found.kind === "empty" ? "unknown" : found.kind;
  found.problems.push({ sentence, part, position });
  return found;
}

/** Why a text with another number of parts is no token: sentence, part, position. */
function notFiveOrThree(source, segments) {
  const { text } = source;
  const begin = source.position(0);
  if (text.startsWith("{")) {
    const isSerialized = text.includes('"signatures"') || text.includes('"protected"');
    const sentence = isSerialized
      ? "This is the JSON serialization of a signature. Tokens travel in the compact one: three parts with full stops between them."
      : "This is JSON, not a token. A token is three texts in base64url with full stops between them; it begins with “eyJ”.";
    return [sentence, null, begin];
  }
  if (text.startsWith("-----BEGIN")) return ["This is a key or a certificate in PEM, not a token.", null, begin];
  const stops = segments.length - 1;
  if (stops === 0) {
    const sentence =
      `There is no full stop in these ${text.length} characters. A signed token has two. This may be an opaque token, ` +
      "which only its issuer can read, or one part of a token.";
    return [sentence, null, begin];
  }
  const last = source.position(text.lastIndexOf("."));
  if (stops === 1) {
    const sentence = `There is one full stop, at character ${last}. A signed token has two: a part is missing. A token without a signature still ends in a full stop.`;
    return [sentence, null, last];
  }
  const surplus = stops === 3 ? 3 : 5;
  let index = -1;
  for (let count = 0; count < Math.min(surplus, stops); count += 1) index = text.indexOf(".", index + 1);
  const position = source.position(index);
  return [
    `There are ${stops} full stops; a signed token has two, an encrypted one four. The one at character ${position} does not fit.`,
    null,
    position,
  ];
}

function readPart(part, source, found) {
  const title = `The ${part.name}`;
  const isJson = part.name === "header" || part.name === "payload";
  if (part.encoded === "" && isJson) {
    refuse(found, `${title} is empty: nothing stands at character ${source.position(part.start)}.`, part.name, source.position(part.start));
    return;
  }
  part.bytes = readBase64(part, source, found, title);
  if (part.bytes === null || !isJson) return;
  part.text = readText(part, source, found, title);
  if (part.text === null) return;
  try {
    const { tree, repeated } = parseJson(part.text);
    if (tree.kind !== "object") throw new JsonProblem(`an object in braces is expected, and there is a value of the kind “${tree.kind}”`, tree.start);
    part.tree = tree;
    part.repeated = repeated.map(({ name, at }) => ({ name, position: source.position(part.start + encodedOffset(part.text, at)) }));
    part.members = tree.members.map((member) => ({
      name: member.name,
      start: member.start,
      node: member.node,
      raw: part.text.slice(member.node.start, member.node.end),
      from: encodedOffset(part.text, member.start),
      to: Math.min(part.encoded.length, Math.ceil((byteLength(part.text.slice(0, member.end)) * 4) / 3)),
    }));
  } catch (problem) {
    if (!(problem instanceof JsonProblem)) throw problem;
    const position = source.position(part.start + encodedOffset(part.text, problem.at));
    const before = part.text.slice(0, problem.at).split("\n");
    const line = before.length > 1 ? `line ${before.length}, ` : "";
    const place = `${line}character ${[...before.at(-1)].length + 1}`;
    refuse(found, `${title} is not the JSON it must be: ${problem.message}, at ${place} of the decoded text. In the token that is character ${position}.`, part.name, position);
  }
}

const byteLength = (text) => new TextEncoder().encode(text).length;
const encodedOffset = (text, at) => Math.floor((byteLength(text.slice(0, at)) * 4) / 3);

/** The bytes of a part, or null after telling why there are none. */
function readBase64(part, source, found, title) {
  const characters = part.encoded;
  const padding = /=*$/.exec(characters)[0].length;
  const length = characters.length - padding;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let held = 0;
  let bits = 0;
  let written = 0;
  for (let index = 0; index < length; index += 1) {
    const value = VALUES.get(characters[index]);
    const position = source.position(part.start + index);
    if (value === undefined) {
      refuse(found, `${title} is not base64url: ${characterName(characters, index)} at character ${position} does not belong to its alphabet.`, part.name, position);
      return null;
    }
    if ((characters[index] === "+" || characters[index] === "/") && !found.notes.some((note) => note.id === "classic" && note.part === part.name)) {
      found.notes.push({ id: "classic", part: part.name, position });
    }
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[written] = (held >> bits) & 0xff;
      written += 1;
    }
  }
  const end = source.position(part.start + Math.max(length - 1, 0));
  if (length % 4 === 1) {
    refuse(found, `${title} has ${length} characters, and no bytes have such a base64url: one is missing or too many, at the latest at character ${end}.`, part.name, end);
    return null;
  }
  if (padding) found.notes.push({ id: "padding", part: part.name, position: source.position(part.start + length) });
  if (bits > 0 && (held & ((1 << bits) - 1)) !== 0) found.notes.push({ id: "stray-bits", part: part.name, position: end });
  return bytes;
}

/** The text of a part, or null after telling which byte is not UTF-8. */
function readText(part, source, found, title) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(part.bytes);
  } catch {
    const at = firstBrokenByte(part.bytes);
    const position = source.position(part.start + Math.floor((at * 4) / 3));
    const value = part.bytes[at].toString(16).toUpperCase().padStart(2, "0");
    refuse(found, `${title} is not UTF-8: the byte ${value} (number ${at + 1} of ${part.bytes.length}) breaks it. In the token that is character ${position}.`, part.name, position);
    return null;
  }
}

function firstBrokenByte(bytes) {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
      good = middle;
    } catch {
      bad = middle;
    }
  }
  return Math.min(good, bytes.length - 1);
}
