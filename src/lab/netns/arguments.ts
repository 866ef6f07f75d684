/**
 * Whether a process was started with these arguments: options in any order and either spelling (`--a b`, `-a=b`). One
 * argument more or fewer is a different process.
 */
export function sameArguments(own: readonly string[], wanted: readonly string[]): boolean {
  return spelled(own) === spelled(wanted)
}

/** One normal form for all spellings. */
function spelled(given: readonly string[]): string {
  const options: string[] = []
  const rest: string[] = []
  for (let i = 0; i < given.length; i++) {
    const [, name, value] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(given[i] ?? '') ?? []
    if (name === undefined) rest.push(given[i] ?? '')
    else if (value !== undefined) options.push(`${name}=${value}`)
    else if (given[i + 1]?.startsWith('-') ?? true) options.push(`${name}=true`)
    else options.push(`${name}=${given[++i]}`)
  }
  return [...options.toSorted(), ...rest].join('\0')
}
