/** The names that servers give to a full window. */
const codes =
  /context_length_exceeded|exceed_context_size|context_window_exceeded|contextwindowexceeded|context_overflow|request_too_large|string_above_max_length|max_prompt_tokens_exceeded|input_too_long|prompt_too_long|model_context_window/i

/**
 * Its sentences. Each needs a word for the request and one for being too long, as they are in use: "the request (5000 tokens)
 * exceeds the available context size", "Please reduce the length of the messages or completion", "longer than the maximum
 * model length", "cannot exceed the total tokens limit".
 */
const sentences: readonly RegExp[] = [
  /(?:prompt|inputs?|messages?|request|conversation|text|body)\b.{0,100}(?:too (?:long|large|big)|(?:is |are )?longer than|exceed)/i,
  /exceed(?:s|ed|ing|)\b.{0,80}(?:context|window|maximum (?:number of |allowed |input |prompt )*(?:length|tokens)|token (?:limit|count)|tokens allowed|n_ctx)/i,
  /(?:context|model)(?:'s)? (?:length|window|size|limit).{0,120}(?:exceed|too (?:small|large|long)|overflow|only|not enough|reached|full|longer|however|cannot)/i,
  /(?:maximum|max|model|available|allowed)(?:'s)? (?:context|prompt|input) (?:length|window|size|tokens)/i,
  /too large for model|context.{0,40}overflow|overflow.{0,40}context|(?:reduce|shorten).{0,30}(?:length|size|prompt|messages|input)|provide a shorter/i,
  /tokens?.{0,80}(?:must be (?:<=?|less|at most)|must have less than|cannot exceed|may not exceed).{0,40}\d/i,
  /range of input length|input length should be|expected maxlength|exceeded model token limit|max(?:imum)? prompt length|max_tokens must be at least 1, got -\d+|inputs?.? must have less than \d/i,
  /tokens to keep|tokens? limit.{0,40}exceed|exceed.{0,40}tokens? limit|maximum model length|request entity too large|payload too large|content too large/i,
]

export const isWindowFull = (text: string): boolean =>
  codes.test(text) || sentences.some((sentence) => sentence.test(text))

const outputName =
  /max_(?:completion_|new_|output_)?tokens|maxOutputTokens|maximum (?:number of )?(?:output|completion) tokens/i
const outputWords =
  /too (?:large|high|big)|at most|less than or equal|maximum allowed number of output|valid range|(?:exceed|greater|larger|more) .{0,60}(?:output|completion|limit|maximum|max)|must be (?:<=?|between|less)|> \d+/i

/** More output was asked for than there may be; a window that prompt and output fill together is a full window. */
export function isOutputTooLong(text: string): boolean {
  const together =
    /(?:input|prompt|inputs`?|length)\b.{0,40}(?:\+|and|plus).{0,20}max_\w*tokens|got -\d+/i.test(text)
  return outputName.test(text) && outputWords.test(text) && !together
}

/** The largest number in it that is no larger than all others: what may be asked for. null: it names none. */
export function outputLimitIn(text: string): number | null {
  const [asked, ...others] = numbersIn(text).sort((a, b) => b - a)
  return others.find((number) => number < (asked ?? 0)) ?? null
}

const sizes: readonly RegExp[] = [
  /n_ctx\D{0,5}(\d[\d,_]*)/i,
  /> (\d[\d,_]*) maximum/i,
  />\s*(\d[\d,_]*)(?!.*>)/,
  /TPM\)?: limit (\d[\d,_]*)/i,
  /(?:available|maximum|max|model'?s?|allowed|total) (?:context|prompt|model|input)? ?(?:length|size|window|tokens(?: allowed)?)?(?: \(|\D{0,40}?)(\d[\d,_]*)/i,
  /(?:with|only|limit(?: of|:| is)?|cannot exceed|must (?:be|have) (?:<=|less than|at most)|context (?:length|size|window)(?: of)?(?: only)?)[^\d(]{0,20}(\d[\d,_]*)/i,
  /\(\d[\d,_]* tokens\).{0,80}\((\d[\d,_]*) tokens\)/i,
  /\[\d+, ?(\d[\d,_]*)\]/,
]

/** Fewer tokens than that are no window anybody serves. */
const smallestWindow = 256

/** The size of the window in tokens, as far as the refusal tells it. */
export function windowIn(text: string): number | null {
  for (const size of sizes) {
    const found = Number(size.exec(text)?.[1]?.replace(/[,_]/g, '') ?? Number.NaN)
    if (found >= smallestWindow && found <= 20_000_000) return found
  }
  return null
}

const numbersIn = (text: string): number[] =>
  [...text.matchAll(/(?<![\w.-])\d[\d,_]*(?![\w-])/g)]
    .map(([digits]) => Number(digits.replace(/[,_]/g, '')))
    .filter((n) => n >= 16)
