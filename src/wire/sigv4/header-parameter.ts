/** A parameter of the Authorization header: what follows its name up to the next comma or space. */
export function headerParameter(header: string, name: string): string {
  let from = header.indexOf(name);
  // `Signature=` must not be taken from the middle of another word.
  while (from > 0 && header[from - 1] !== ' ' && header[from - 1] !== ',') from = header.indexOf(name, from + 1);
  if (from === -1) return '';
  from += name.length;
  let to = from;
  for (; to < header.length; to++) {
    const code = header.charCodeAt(to);
    if (code === 0x2c || code === 0x20) break;
  }
  return header.slice(from, to);
}
