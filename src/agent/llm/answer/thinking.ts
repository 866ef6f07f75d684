/** Thinking and answer of a model whose server sends both as one text. */
export interface Split {
  thoughts: string[]
  said: string
}

const names =
  'think|thinking|thought|thoughts|reasoning|reflection|analysis|scratchpad|seed:think|antml:thinking|antThinking'
const pair = new RegExp(`<(${names})>([\\s\\S]*?)(?:</\\1>|$)`, 'gi')
/** Templates that open the thinking in the prompt leave only its end in the answer. */
const onlyEnd = new RegExp(`^([\\s\\S]*)</(?:${names})>`, 'i')
const bracketed = /\[THINK\]([\s\S]*?)(?:\[\/THINK\]|$)/g
/** gpt-oss: what stands in another channel than `final` is for nobody. */
const channel = /<\|channel\|>(\w+)[^<]*<\|message\|>([\s\S]*?)(?=<\|(?:end|start|channel|return|call)\|>|$)/g
const turns = /<\|(?:start|im_start)\|>(?:assistant\b)?/g
const ends = /<\|(?:end|return|call|im_end|eot_id|endoftext|eom_id)\|>/g

/** Thinking that never ends is all thinking: a claim quoted in it is none. */
export function withoutThinking(text: string): Split {
  const thoughts: string[] = []
  const take = (thought: string): string => {
    if (thought.trim() !== '') thoughts.push(thought.trim())
    return ''
  }
  let said = text.replace(turns, '')
  if (/<\|channel\|>/.test(said))
    said = said.replace(channel, (_, name: string, words: string) =>
      /^(?:analysis|thinking)$/i.test(name)
        ? take(words)
        : name.toLowerCase() === 'final'
          ? words
          : `<|channel|>${name}${words}`,
    )
  said = said.replace(pair, (_, _name: string, thought: string) => take(thought))
  said = said.replace(bracketed, (_, thought: string) => take(thought))
  said = said.replace(onlyEnd, (_, thought: string) => take(thought))
  return { thoughts, said: said.replace(ends, '').trim() }
}
