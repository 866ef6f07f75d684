/**
 * Marks of a call that a model wrote as text because its server did not read it: Hermes and Qwen, Llama, Mistral, DeepSeek,
 * Kimi, GLM, MiniMax, gpt-oss, Gemini and those that think they speak to another tool's XML.
 */
const marks: readonly RegExp[] = [
  /<(?:\w+:)?(?:tool_calls?|function_calls?|toolcall|functioncall|invoke|tool_use|tool_code|use_mcp_tool|execute_command|run_command|shell|longcat_tool_call|start_function_call)\b[^<>]*>/i,
  /<function(?:=|\s+name=)["']?\w+/i,
  /<\|(?:python_tag|tool_call|tool_calls?_begin|tool_calls_section_begin|action_start|plugin)\|>/i,
  /<｜(?:tool|DSML)/i,
  /\[TOOL_CALLS?\]|\[TOOL_REQUEST\]|functools\[|✿FUNCTION✿/,
  /<\|channel\|>\s*commentary\b|to=functions\.\w+/,
  /^\s*Action:\s*\w+\s*\n+\s*Action Input:/im,
  /^\W{0,4}(?:print\()?(?:default_api\.|functions\.|tools\.)?shell\(\s*(?:command\s*=|["'{])/m,
]

/** Matches a tool call as JSON, which a claim never looks like. */
const jsonCall =
  /\{\s*"(?:name|tool|tool_name|function|action|recipient_name)"\s*:\s*(?:"[\w.-]{1,64}"|\{)[\s\S]{0,200}?"(?:arguments|parameters|args|input|tool_input|action_input|kwargs)"\s*:|"tool_calls"\s*:\s*\[|\{\s*"(?:command|cmd|reasoning)"\s*:\s*"[\s\S]{0,4000}?"(?:command|cmd|reasoning)"\s*:\s*"/

/** A command in a fence, for somebody to run. */
const fence = /```(?:bash|sh|shell|console|zsh|tool_code|tool_call)\s*\n\s*\S/i

/** Whether a text calls a tool, or pretends to have called one: nothing of that was run, whatever is claimed beside it. */
export const callsInText = (text: string): boolean =>
  marks.some((mark) => mark.test(text)) || jsonCall.test(text)

/** The same, or commands for somebody else to run. Beside a claim that is no more than a quotation. */
export const wantsToCall = (text: string): boolean => callsInText(text) || fence.test(text)
