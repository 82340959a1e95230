// What should never be in a token, since everybody who holds it can read it: passwords, keys, numbers of cards.

const PLACE = { label: "RFC\u00a07519, section\u00a012", url: "https://www.rfc-editor.org/rfc/rfc7519#section-12" };
const NAMES =
  /pass(?:word|wd|phrase|code)|^pwd$|secret|api_?key|private_?key|encryption_?key|credential|card_?(?:number|no)|credit_?card|^pan$|cvv|cvc|iban|^pin$|^ssn$|social_?security|connection_?string|refresh_?token|access_?token/;
const VALUES = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/^eyJ[\w-]+\.[\w-]+\.[\w-]*$/, "another token"],
  [/^(?:sk|rk)_(?:live|test)_\w{8,}/, "a payment service’s key"],
  [/^(?:AKIA|ASIA)[A-Z0-9]{16}$/, "a cloud account’s key"],
  [/^gh[pousr]_\w{20,}/, "a code host’s token"],
  [/^\$(?:2[aby]|argon2id?|5|6)\$/, "the hash of a password"],
  [/^\w+:\/\/[^/\s:@]+:[^/\s@]+@/, "an address with a password in it"],
];
// Of public keys these would be the private members: https://www.rfc-editor.org/rfc/rfc7518#section-6
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "k"];

/** Add a finding for each member, at any depth, that looks like a secret. The value is never repeated. */
export function secrets({ found, add }) {
  for (const part of found.parts) {
    if (part.tree) look(part.tree, [], part.name, add);
  }
}

function look(node, path, part, add) {
  const name = path.at(-1) ?? "";
  const where = `“${path.join(".")}” in the ${part}`;
  const isKey = name === "jwk" && node.kind === "object" && node.members.some((member) => PRIVATE_MEMBERS.includes(member.name));
  if (isKey) {
    add("secret", "danger", "A private key inside", `${where} is a key with its private part. Whoever holds the token can sign with it.`, PLACE);
    return;
  }
  // `fooBar` and `foo-bar` are read as `foo_bar`; a hash or a mere flag about a secret gives nothing away.
  const plain = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/[-. ]/g, "_").toLowerCase();
  const holds = (node.kind === "string" && node.value !== "") || node.kind === "number";
  const kind = node.kind === "string" || node.kind === "number" ? known(node) : null;
  if (kind) add("secret", "danger", "A secret inside", `${where} looks like ${kind}. A token is signed, not sealed: whoever holds it can read it.`, PLACE);
  else if (holds && NAMES.test(plain)) add("secret", "danger", "A secret inside", `${where} is called like a secret. A token is signed, not sealed: whoever holds it can read it.`, PLACE);
  for (const member of node.members ?? []) look(member.node, [...path, member.name], part, add);
  for (const [index, item] of (node.items ?? []).entries()) look(item, [...path.slice(0, -1), `${name}[${index}]`], part, add);
}

function known(node) {
  const text = String(node.value);
  for (const [pattern, kind] of VALUES) {
    if (pattern.test(text)) return kind;
  }
  return isCard(text) ? "the number of a payment card" : null;
}

/** Whether the digits have a card's length, first digit and check digit (ISO/IEC 7812-1). */
function isCard(text) {
  if (!/^[2-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}$/.test(text) && !/^3[47]\d{2}[ -]?\d{6}[ -]?\d{5}$/.test(text)) return false;
  const digits = [...text.replace(/\D/g, "")].map(Number).reverse();
  const sum = digits.reduce((total, digit, index) => total + (index % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit), 0);
  return sum % 10 === 0;
}
