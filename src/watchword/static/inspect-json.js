// JSON read strictly and with positions: where each member stands, which names come twice, and what is wrong where.
// https://www.rfc-editor.org/rfc/rfc8259

const MAX_DEPTH = 64;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const LITERALS = { true: true, false: false, null: null };

/** What is wrong with a text; `at` counts UTF-16 units from 0, `expected` ends a sentence. */
export class JsonProblem extends Error {
  constructor(expected, at) {
    super(expected);
    this.at = at;
  }
}

/** How a person calls the character at `at`. */
export function characterName(text, at) {
  if (at >= text.length) return "the end";
  const point = text.codePointAt(at);
  const number = `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
  if (point === 0x20) return "a space";
  if (point === 0x0a || point === 0x0d) return "a line break";
  if (point === 0xfeff) return "a byte order mark (U+FEFF)";
  return point < 0x21 || (point > 0x7e && point < 0xa1) ? number : `“${String.fromCodePoint(point)}” (${number})`;
}

/**
 * The tree of `text`: nodes with `kind`, `start`, `end` and `value`; objects have `members`, arrays `items`.
 * `repeated` lists the names that come twice in one object, as `{name, at}`.
 */
export function parseJson(text) {
  const repeated = [];
  let at = 0;

  const fail = (expected, where = at) => {
    throw new JsonProblem(`${expected}, and there is ${characterName(text, where)}`, where);
  };
  const blank = () => {
    while (at < text.length && " \t\n\r".includes(text[at])) at += 1;
  };

  function readString() {
    const start = at;
    at += 1;
    for (;;) {
      if (at >= text.length) fail("a closing quotation mark is expected");
      const character = text[at];
      if (character === '"') break;
      if (character < " ") fail("a control character must be escaped");
      if (character === "\\") {
        ESCAPE.lastIndex = at;
        const escape = ESCAPE.exec(text);
        if (!escape) fail("the backslash begins no escape that JSON has", at + 1);
        at += escape[0].length;
      } else {
        at += 1;
      }
    }
    at += 1;
    return { kind: "string", start, end: at, value: JSON.parse(text.slice(start, at)) };
  }

  function readObject(depth) {
    const start = at;
    const members = [];
    const names = new Set();
    at += 1;
    blank();
    if (text[at] === "}") {
      at += 1;
      return { kind: "object", start, end: at, members, value: {} };
    }
    for (;;) {
      blank();
      if (text[at] !== '"') fail("a name in quotation marks is expected");
      const name = readString();
      if (names.has(name.value)) repeated.push({ name: name.value, at: name.start });
      names.add(name.value);
      blank();
      if (text[at] !== ":") fail("a colon is expected after the name");
      at += 1;
      const node = readValue(depth + 1);
      members.push({ name: name.value, start: name.start, end: node.end, node });
      blank();
      if (text[at] === "}") break;
      if (text[at] !== ",") fail("a comma or a closing brace is expected");
      at += 1;
    }
    at += 1;
    // No prototype: a member may be called `__proto__`.
    const value = Object.create(null);
    for (const member of members) value[member.name] = member.node.value;
    return { kind: "object", start, end: at, members, value };
  }

  function readArray(depth) {
    const start = at;
    const items = [];
    at += 1;
    blank();
    if (text[at] !== "]") {
      for (;;) {
        items.push(readValue(depth + 1));
        blank();
        if (text[at] === "]") break;
        if (text[at] !== ",") fail("a comma or a closing bracket is expected");
        at += 1;
      }
    }
    at += 1;
    return { kind: "array", start, end: at, items, value: items.map((item) => item.value) };
  }

  function readValue(depth) {
    if (depth > MAX_DEPTH) throw new JsonProblem(`it is nested more than ${MAX_DEPTH} levels deep`, at);
    blank();
    const start = at;
    const character = text[at];
    if (character === "{") return readObject(depth);
    if (character === "[") return readArray(depth);
    if (character === '"') return readString();
    for (const [word, value] of Object.entries(LITERALS)) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return { kind: value === null ? "null" : "boolean", start, end: at, value };
      }
    }
    NUMBER.lastIndex = at;
    const number = NUMBER.exec(text);
    if (!number) return fail("a value is expected");
    at += number[0].length;
    return { kind: "number", start, end: at, value: Number(number[0]) };
  }

  const tree = readValue(0);
  blank();
  if (at < text.length) fail("nothing more is expected after the value");
  return { tree, repeated };
}
