/**
 * Whether a script of sed only prints: it has no command that writes a file or runs a program (`w`, `W`, `e`, and these
 * flags of `s`), and nothing that is not understood here.
 */
export function sedOnlyPrints(script: string): boolean {
  let at = 0
  const skip = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    const found = pattern.exec(script)
    if (found) at = pattern.lastIndex
    return found ? found[0] : null
  }
  /** Up to an unescaped delimiter; null: there is none. */
  const upTo = (delimiter: string): string | null => {
    const start = at
    for (; at < script.length; at++) {
      if (script[at] === '\\') at++
      else if (script[at] === '[' && delimiter !== '[') skipBracket()
      else if (script[at] === '\n') return null
      else if (script[at] === delimiter) return script.slice(start, at++)
    }
    return null
  }
  // In brackets the delimiter stands for itself in some versions and not in others: such scripts are not known.
  let doubtful = false
  const skipBracket = () => {
    const end = /\[\^?\]?[^\]\n]*\]/y
    end.lastIndex = at
    const found = end.exec(script)
    if (found && /[\\/|#,@;]/.test(found[0])) doubtful = true
  }
  const address = (): boolean => {
    if (skip(/\d+(~\d+)?|\$/y) !== null) return true
    if (script[at] !== '/') return false
    at++
    return upTo('/') !== null && skip(/[IM]*/y) !== null
  }
  while (at < script.length) {
    if (skip(/[\s;]+/y) !== null) continue
    if (address() && skip(/\s*,\s*/y) !== null && !address() && skip(/[+~]\d+/y) === null) return false
    skip(/\s*!?\s*/y)
    const command = script[at++] ?? ''
    if (/[{}pdDPgGhHnNxl=]/.test(command)) continue
    if (/[qQ]/.test(command)) skip(/\d*/y)
    else if (/[btT:]/.test(command)) skip(/[ \t]*\w*/y)
    else if (/[aic]/.test(command)) skip(/[^\n]*(\\\n[^\n]*)*/y)
    else if (/[sy]/.test(command)) {
      const delimiter = script[at++] ?? ''
      if (!/[/|#,@%:!_~+]/.test(delimiter)) return false
      if (upTo(delimiter) === null || upTo(delimiter) === null) return false
      if (command === 's') skip(/[gpiIM\d]*/y)
      if (!/^[\s;}]|^$/.test(script.slice(at, at + 1))) return false
    } else return false
  }
  return !doubtful
}
