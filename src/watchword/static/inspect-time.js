// Times in words and in the reader's own zone.

const UNITS = [["year", 31_556_952], ["month", 2_629_746], ["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
// Within the range of dates that browsers know: https://tc39.es/ecma262/#sec-time-values-and-time-range
const LAST = 8.64e12;

/** The seconds since 1970 that `value` states, or null where it is no such number. */
export function seconds(value) {
  return typeof value === "number" && Number.isFinite(value) && Math.abs(value) <= LAST ? value : null;
}

/** A length of time in at most two units: “4 minutes 12 seconds”. */
export function inWords(length) {
  let rest = Math.floor(Math.abs(length));
  const said = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    if (count === 0 && said.length === 0 && unit !== "second") continue;
    if (count > 0 || said.length === 0) said.push(`${count} ${unit}${count === 1 ? "" : "s"}`);
    rest -= count * size;
    if (said.length === 2 || (said.length === 1 && count === 0)) break;
    if (said.length === 1 && unit !== "second" && Math.floor(rest / UNITS[UNITS.findIndex(([name]) => name === unit) + 1][1]) === 0) break;
  }
  return said.join(" ");
}

/** How far `moment` is from `now`: “in 4 minutes”, “2 days ago”. */
export function away(moment, now) {
  const length = moment - now;
  if (Math.abs(length) < 1) return "now";
  return length > 0 ? `in ${inWords(length)}` : `${inWords(length)} ago`;
}

/** The moment as the reader's clock on the wall shows it, with its zone. */
export function inZone(moment) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
  return format.format(new Date(moment * 1000));
}

/** The moment in UTC, as RFC 3339 writes it. */
export function inUtc(moment) {
  return new Date(moment * 1000).toISOString().replace(".000Z", "Z");
}
