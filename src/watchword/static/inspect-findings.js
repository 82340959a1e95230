// Common mistakes, named. Each rule looks at one token and tells what it sees, or nothing.

import { inWords, seconds } from "./inspect-time.js";
import { secrets } from "./inspect-secrets.js";

const RFC = (number, section) => ({ label: `RFC\u00a0${number}, section\u00a0${section}`, url: `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}` });
const ALGORITHMS = [
  "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA",
  "Ed25519", "Ed448", "ES256K", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "none",
];
// Bytes of a signature, where the algorithm fixes them: https://www.rfc-editor.org/rfc/rfc7518#section-3
const LENGTHS = { HS256: 32, HS384: 48, HS512: 64, ES256: 64, ES384: 96, ES512: 132, ES256K: 64, Ed25519: 64, Ed448: 114 };
const DAY = 86_400;
const AHEAD = 10; // seconds by which clocks may differ
const NOTES = {
  prefix: ["note", "More than the token was pasted", "The word before it is the header’s; it was left out.", RFC(6750, "2.1")],
  quotes: ["note", "Quotation marks around it", "They were left out.", RFC(7519, "7.2")],
  blanks: ["note", "Blanks or line breaks inside", "They were left out, since terminals and mails wrap lines. In a request they would break the token.", RFC(7515, "2")],
  padding: ["warning", "Padding with “=”", "base64url is written without it in tokens. Strict verifiers refuse this token.", RFC(7515, "2")],
  classic: ["warning", "Classic base64", "“+” and “/” belong to classic base64; tokens use “-” and “_”. Strict verifiers refuse this token.", RFC(7515, "2")],
  "stray-bits": ["warning", "Stray bits at the end", "The last character holds bits that belong to no byte, so that several texts stand for one token. Strict verifiers refuse it.", RFC(4648, "3.5")],
};

/** What is wrong with, or remarkable about, a decoded token at `now`; the worst first. */
export function findings(found, now) {
  const said = found.notes.map(({ id, part, position }) => {
    const [level, title, sentence, place] = NOTES[id];
    return { id, level, title, sentence: `${part ? `In the ${part}, at` : "At"} character ${position}. ${sentence}`, place };
  });
  const header = found.parts[0]?.tree?.value;
  if (header) {
    const claims = found.parts[1]?.tree?.value ?? null;
    const context = { found, header, claims, now, add: (id, level, title, sentence, place) => said.push({ id, level, title, sentence, place }) };
    repeated(context);
    algorithm(context);
    keys(context);
    extensions(context);
    if (found.kind === "signed") signature(context);
    else context.add("encrypted", "note", "Encrypted, in five parts", "A service that expects a signed token, in three, refuses it. Encryption alone does not say who made it: a signed token should be inside.", RFC(7519, "11.2"));
    if (claims) {
      type(context);
      life(context);
      names(context);
    }
    secrets(context);
    if (found.text.length > 7168) context.add("large", "warning", "Very long", `It has ${found.text.length} characters. Many servers refuse header lines of 8,192.`, RFC(9110, "5.4"));
  }
  const order = ["danger", "warning", "note"];
  return said.sort((one, other) => order.indexOf(one.level) - order.indexOf(other.level));
}

function repeated({ found, add }) {
  for (const part of found.parts) {
    for (const { name, position } of part.repeated) {
      add("repeated", "danger", `“${name}” comes twice`, `In the ${part.name}, the second time at character ${position}. Readers differ in which of the two they take, so that one checks what another does not use.`, RFC(7519, "4"));
    }
  }
}

function algorithm({ found, header, add }) {
  const { alg } = header;
  if (typeof alg !== "string") {
    add("alg-missing", "danger", "No algorithm", "The header must say with which algorithm the signature was made.", RFC(7515, "4.1.1"));
    return;
  }
  if (alg.toLowerCase() === "none") {
    add("none", "danger", "Not signed: “none”", "Anybody can write such a token. A verifier must refuse it, whichever way the word is spelt.", RFC(8725, "3.1"));
    return;
  }
  if (found.kind === "encrypted") {
    if (alg === "RSA1_5") add("rsa1-5", "warning", "Old key encryption", "RSA1_5 can be attacked through a decrypter’s answers; RSA-OAEP-256 cannot.", RFC(8725, "3.2"));
    return;
  }
  const meant = ALGORITHMS.find((name) => name.toLowerCase() === alg.toLowerCase());
  if (meant && meant !== alg) add("alg-case", "warning", "Case of the algorithm", `“${alg}” is no algorithm: names are compared letter by letter, and this one is written “${meant}”.`, RFC(7515, "4.1.1"));
  else if (!meant) add("alg-unknown", "warning", "Unknown algorithm", "No registered signature algorithm has this name. It may be an encryption’s.", RFC(7518, "3.1"));
}

function keys({ found, header, claims, add }) {
  const carried = ["jwk", "x5c"].filter((name) => name in header);
  const pointing = ["jku", "x5u"].filter((name) => name in header);
  for (const name of carried) add("own-key", "danger", `Brings its own key: “${name}”`, "A verifier that takes the key from the token takes any forger’s. Keys come from the issuer; only proofs of possession carry theirs.", RFC(8725, "3.10"));
  for (const name of pointing) add("own-key-address", "danger", `Says where its key is: “${name}”`, "A verifier that goes there lets the sender choose the key, and an address inside your network besides.", RFC(8725, "3.10"));
  if (typeof header.alg === "string" && /^hs\d/i.test(header.alg)) {
    const names = [...carried, ...pointing, ...["x5t", "x5t#S256"].filter((name) => name in header)];
    if (names.length > 0) add("hs-public", "danger", "A shared secret where a public key was meant", `${header.alg} is computed with a secret, and “${names[0]}” names a public key. If a verifier used that key as the secret, anybody could sign.`, RFC(8725, "3.1"));
    else if (typeof claims?.iss === "string" && /^https?:/.test(claims.iss)) add("hs-issuer", "warning", "A shared secret where a public key was meant", `The issuer has a web address, where verifiers find public keys, and ${header.alg} needs a secret instead: whoever can check this token can also make one.`, RFC(8725, "3.1"));
  }
  const { kid } = header;
  if (kid === undefined) {
    if (found.kind === "signed" && typeof header.alg === "string" && /^(?:RS|ES|PS|Ed|ML)/.test(header.alg)) add("kid-missing", "note", "The key is not named", "Without “kid” a verifier must try every key of the issuer, and a change of keys is harder.", RFC(7515, "4.1.4"));
  } else if (typeof kid !== "string") add("kid-type", "warning", "“kid” is not a text", "The name of a key is a string.", RFC(7515, "4.1.4"));
  else if (/\.\.|[/\\]|%2f|%5c|\0/i.test(kid)) add("kid-path", "danger", "“kid” looks like a path", "A verifier that opens a file of this name can be led to any file. A key’s name is only looked up among known ones.", RFC(8725, "3.10"));
  else if (/['";`]|--|\bunion\b.*\bselect\b|\bor\b\s+\d+\s*=/i.test(kid)) add("kid-sql", "danger", "“kid” looks like SQL", "A verifier that puts it into a query lets the sender choose the key. A key’s name is only looked up among known ones.", RFC(8725, "3.10"));
  else if (/[|&$<>]/.test(kid)) add("kid-shell", "danger", "“kid” looks like a command", "A verifier that hands it to a shell runs it. A key’s name is only looked up among known ones.", RFC(8725, "3.10"));
}

function extensions({ found, header, add }) {
  if ("crit" in header) {
    const isList = Array.isArray(header.crit) && header.crit.length > 0 && header.crit.every((name) => typeof name === "string");
    if (isList) add("crit", "note", "Extensions that must be understood", `A verifier that does not know ${header.crit.map((name) => `“${name}”`).join(", ")} must refuse the token.`, RFC(7515, "4.1.11"));
    else add("crit-broken", "danger", "“crit” is broken", "It must be a list of at least one name; the token must be refused.", RFC(7515, "4.1.11"));
  }
  if (header.b64 === false) add("b64", "danger", "Payload is said to be unencoded", "“b64” must not be false in a JWT.", RFC(7797, "7"));
  if ("zip" in header) {
    if (found.kind === "signed") add("zip", "warning", "Said to be compressed", "“zip” belongs to encrypted tokens; here it means nothing.", RFC(7516, "4.1.3"));
    else add("zip-jwe", "warning", "Compressed before encryption", "The length can give the content away, and unpacking can be made to exhaust the reader.", RFC(8725, "3.6"));
  }
}

function signature({ found, header, add }) {
  const part = found.parts[2];
  if (part.bytes === null || typeof header.alg !== "string" || header.alg.toLowerCase() === "none") return;
  const length = part.bytes.length;
  const expected = LENGTHS[header.alg];
  if (length === 0) add("unsigned", "danger", "The signature is missing", "Nothing stands after the last full stop. Perhaps it was not copied; nobody may believe the token as it is.", RFC(7515, "5.2"));
  else if (expected && header.alg.startsWith("ES") && part.bytes[0] === 0x30 && length !== expected) add("der", "warning", "Signature in the wrong form", "It is in DER, as X.509 has it. Tokens carry the two numbers side by side.", RFC(7518, "3.4"));
  else if (expected && length !== expected) add("signature-length", "warning", "Signature of the wrong length", `${header.alg} has ${expected} bytes, this has ${length}: it was cut, or made with another algorithm.`, RFC(7518, "3.1"));
  else if (/^[RP]S\d/.test(header.alg) && length < 256) add("rsa-short", "danger", "The key is too short", `The signature has ${length * 8} bits; an RSA key must have at least 2048.`, RFC(7518, "3.3"));
}

function type({ found, header, claims, add }) {
  const { typ } = header;
  const kind = typeof typ === "string" ? typ.toLowerCase().replace(/^application\//, "") : null;
  const isAccess = ["scope", "scp"].some((name) => name in claims) || ("client_id" in claims && !("nonce" in claims));
  const isIdentity = ["nonce", "at_hash", "c_hash"].some((name) => name in claims);
  if (typ === undefined) add("typ-missing", "warning", "No “typ”", "Without it one kind of token can pass as another: an ID token as an access token, for example.", RFC(8725, "3.11"));
  else if (kind === null) add("typ-type", "warning", "“typ” is not a text", "It names the kind of token, as a string.", RFC(7515, "4.1.9"));
  else if (kind === "at+jwt" && isIdentity && !isAccess) add("typ-wrong", "warning", "Wrong “typ”", "The claims are those of an ID token, and the header calls it an access token.", RFC(9068, "4"));
  else if (kind === "jwt" && isAccess && !isIdentity) add("typ-wrong", "warning", "Wrong “typ”", "The claims are those of an access token; “typ” should be “at+jwt”, so that no ID token passes for one.", RFC(9068, "2.1"));
  if (kind === "jwt" && typ !== "JWT") add("typ-case", "note", "Case of “typ”", `It is written “${typ}”; some readers know only “JWT”.`, RFC(7519, "5.1"));
  else if (kind === "at+jwt" && typ !== "at+jwt") add("typ-case", "note", "Case of “typ”", `It is written “${typ}”; some readers know only “at+jwt”.`, RFC(9068, "2.1"));
  if (typeof header.cty === "string" && header.cty.toUpperCase() === "JWT" && found.kind === "signed") add("nested", "note", "Another token is inside", "Each layer must be checked for itself.", RFC(8725, "3.3"));
}

function life({ claims, now, add }) {
  const at = {};
  for (const name of ["exp", "nbf", "iat"]) {
    if (!(name in claims)) continue;
    at[name] = seconds(claims[name]);
    if (at[name] === null) add("time-type", "danger", `“${name}” is not a time`, "Times are seconds since 1970, as a number without quotation marks.", RFC(7519, "2"));
    else if (at[name] > 1e11) {
      add("milliseconds", "danger", `“${name}” is in milliseconds`, "Times are seconds since 1970. Read as seconds, this one lies thousands of years ahead.", RFC(7519, "2"));
      at[name] = null;
    }
  }
  const { exp, nbf, iat } = at;
  if (!("exp" in claims)) add("no-expiry", "danger", "It never expires", "There is no “exp”: whoever finds this token can use it for ever.", RFC(7519, "4.1.4"));
  if (typeof exp === "number") {
    if (typeof iat === "number" && exp <= iat) add("exp-before-iat", "danger", "It ended before it began", "“exp” is not after “iat”: at no time was this token valid.", RFC(7519, "4.1.4"));
    else {
      const from = typeof iat === "number" ? iat : (nbf ?? now);
      const length = exp - from;
      if (length > 30 * DAY) add("long-life", "danger", "Very long life", `${inWords(length)}: whoever steals it has it that long. Access tokens live for minutes.`, RFC(9700, "2.2"));
      else if (length > DAY) add("long-life", "warning", "Long life", `${inWords(length)}. Access tokens live for minutes; a stolen one is good until its end.`, RFC(9700, "2.2"));
    }
    if (exp <= now) add("expired", "note", "Expired", `It ended ${inWords(now - exp)} ago and must be refused.`, RFC(7519, "4.1.4"));
  }
  if (typeof nbf === "number" && typeof exp === "number" && nbf >= exp) add("nbf-after-exp", "danger", "It begins after its end", "“nbf” is not before “exp”: at no time is this token valid.", RFC(7519, "4.1.5"));
  else if (typeof nbf === "number" && nbf > now + AHEAD) add("not-yet", "note", "Not valid yet", `It begins in ${inWords(nbf - now)}.`, RFC(7519, "4.1.5"));
  if (typeof iat === "number" && iat > now + AHEAD) add("iat-ahead", "warning", "Made in the future", `“iat” is ${inWords(iat - now)} ahead of this computer’s clock: one of two clocks is wrong.`, RFC(7519, "4.1.6"));
}

function names({ claims, add }) {
  const { aud } = claims;
  const listed = Array.isArray(aud) ? aud : [aud];
  if (aud === undefined) add("no-audience", "warning", "No audience", "There is no “aud”: a service that accepts this token accepts those that were made for others too.", RFC(8725, "3.9"));
  else if (listed.length === 0 || !listed.every((name) => typeof name === "string" && name)) add("audience-broken", "warning", "“aud” names nobody", "It is a name, or a list of names, none of them empty.", RFC(7519, "4.1.3"));
  else if (listed.includes("*")) add("audience-all", "warning", "“aud” is “*”", "An audience has no wildcard; a service that reads one accepts tokens made for any other.", RFC(8725, "3.9"));
  if (claims.iss === undefined) add("no-issuer", "warning", "No issuer", "There is no “iss”: with which issuer’s keys it must be checked is anybody’s guess.", RFC(8725, "3.8"));
  else if (typeof claims.iss !== "string") add("issuer-type", "warning", "“iss” is not a text", "The issuer is a string.", RFC(7519, "4.1.1"));
  else if (claims.iss.startsWith("http://") && !/^http:\/\/(?:localhost|127\.|\[::1\])/.test(claims.iss)) add("issuer-http", "warning", "The issuer is not https", "Its keys can be exchanged on the way.", RFC(8414, "2"));
  if (claims.sub === undefined && !("events" in claims) && !("htm" in claims)) add("no-subject", "note", "No subject", "There is no “sub”: whom the token speaks for is not said.", RFC(7519, "4.1.2"));
  else if (claims.sub !== undefined && typeof claims.sub !== "string") add("subject-type", "warning", "“sub” is not a text", "The subject is a string, also where it is a number in your database.", RFC(7519, "4.1.2"));
}
