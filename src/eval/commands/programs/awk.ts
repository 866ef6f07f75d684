/** Longer ones are programs of their own. */
const longest = 2_000

/**
 * Whether a program of awk only prints: no pipes, no files but the standard ones, no `system`, `getline` or `@`. Strings
 * and patterns are taken out first; where a slash may be a division, what follows counts.
 */
export function awkOnlyPrints(program: string): boolean {
  if (program.length > longest) return false
  let rest = ''
  for (let at = 0; at < program.length; ) {
    const tail = program.slice(at)
    const found =
      /^"(?:[^"\\\n]|\\.)*"/s.exec(tail)?.[0] ??
      (/(^|[({;,!~&|}\n])\s*$/.test(rest)
        ? /^\/(?:[^/\\\n[]|\\.|\[[^\]\\/\n]*\])*\//.exec(tail)?.[0]
        : undefined)
    if (found?.startsWith('"')) rest += /^"\/dev\/std(out|err)"$/.test(found) ? '"&"' : '"s"'
    else if (found) rest += '"r"'
    else rest += program[at]
    at += found?.length ?? 1
  }
  const code = rest
    .replace(/>+\s*"&"/g, ' ')
    .replaceAll('||', ' or ')
    .replace(/#[^\n]*/g, '')
  if (/[@|\\]|getline|system|close|fflush|extension/.test(code)) return false
  // A comparison stands before `print`, or in brackets.
  return !/\bprintf?\b[^;}\n]*>/.test(withoutBrackets(code))
}

function withoutBrackets(text: string): string {
  let before = text
  for (;;) {
    const after = before.replace(/\([^()]*\)/g, ' ')
    if (after === before) return after
    before = after
  }
}
