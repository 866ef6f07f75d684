// As much of the format as images are made of: https://www.gnu.org/software/tar/manual/html_node/Standard.html

const block = 512

/** The plain files of an archive, by path. */
export function filesIn(archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (let at = 0; at + block <= archive.length; ) {
    const field = (from: number, to: number) =>
      archive
        .subarray(at + from, at + to)
        .toString()
        .replace(/\0.*$/s, '')
    const [name, prefix] = [field(0, 100), field(345, 500)]
    if (name === '') break
    const size = Number.parseInt(field(124, 136), 8) || 0
    const begin = at + block
    if (['', '0'].includes(field(156, 157)))
      files.set(prefix ? `${prefix}/${name}` : name, archive.subarray(begin, begin + size))
    at = begin + Math.ceil(size / block) * block
  }
  return files
}

/** An archive of one file. */
export function tarOf(name: string, text: string): Buffer {
  const content = Buffer.from(text)
  const head = Buffer.alloc(block)
  const put = (at: number, value: string) => head.write(value, at, 'latin1')
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0')
  put(0, name)
  put(100, octal(0o644, 7))
  put(108, octal(0, 7))
  put(116, octal(0, 7))
  put(124, octal(content.length, 11))
  put(136, octal(0, 11))
  put(148, ' '.repeat(8))
  put(156, '0')
  put(257, 'ustar\x0000')
  put(
    148,
    `${octal(
      head.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
  )
  const padding = Buffer.alloc(Math.ceil(content.length / block) * block - content.length)
  return Buffer.concat([head, content, padding, Buffer.alloc(2 * block)])
}
