/**
 * Characters that stand in a word for what only the shell that ran it knew. They are of Unicode's
 * private use; those of a line itself become `unknown`, so they cannot be forged.
 */

/** Any text, within one word. */
export const unknown = '\uE000'
/** Any text, in any number of words: an expansion outside quotes. */
export const words = '\uE001'
/** Any text without blanks, and not empty. */
export const word = '\uE002'
/** Stands before an unquoted `*`, `?` or `[`: as many words as there are files. */
export const glob = '\uE003'
/** Digits. */
export const number = '\uE004'

const unknowns = /[\uE000\uE001\uE002\uE004]/
const unsafe = /[\uE000\uE001\uE002]/

export const isKnown = (text: string): boolean => !unknowns.test(text)

/** Known but for numbers: it cannot become other words, a path or code. */
export const isKnownButNumbers = (text: string): boolean => !unsafe.test(text)

/** It may be none, one or many words. */
export const mayBeMany = (text: string): boolean => text.includes(words) || text.includes(glob)

/** It may begin with a dash, though none is seen. */
export const mayBeOption = (text: string): boolean => /^[\uE000\uE001\uE002\uE003]/.test(text)

/** For a person, and for rules that compare text: `…` or, of a glob, nothing. */
export const shown = (text: string): string =>
  text.replaceAll(glob, '').replace(/[\uE000\uE001\uE002\uE004]+/g, '…')

export const withoutGlobs = (text: string): string => text.replaceAll(glob, '')

/** Characters that have no place in a line: controls, and those above. */
const alien = /(?![\t\n])[\p{Cc}\p{Co}]/gu

/** With what is not known in their place. */
export const cleaned = (text: string): string => text.replace(alien, unknown)

/** Text of an expansion outside quotes. Unknown text may be many words. */
export const unquoted = (text: string): string => text.replaceAll(unknown, words)

/** Blanks that only look like some, and characters that are not seen: shells and people read such lines differently. */
const strange = /[^\S \t\n]|[\p{Cc}\p{Co}\p{Cf}\p{Zs}\p{Zl}\p{Zp}\u2800\u3164\uFFFD]/gu

export const isStrange = (text: string): boolean => text.replace(/[ \t\n]/g, '').search(strange) >= 0
