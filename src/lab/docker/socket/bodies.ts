import { z } from 'zod'
import type { Shape } from './route.ts'

// Each body is built anew from known fields, so that no unknown field reaches the engine.

/** The reason of a refusal, for the caller. */
export class Refused extends Error {
  override name = 'Refused'
}

const text = z.string().max(100_000)
const texts = z.array(text).max(1000)
const command = z.union([texts, text.transform((one) => [one]), z.null()]).optional()

const exec = z.object({
  AttachStdin: z.boolean().optional(),
  AttachStdout: z.boolean().optional(),
  AttachStderr: z.boolean().optional(),
  Detach: z.boolean().optional(),
  DetachKeys: text.optional(),
  Tty: z.boolean().optional(),
  ConsoleSize: z.tuple([z.number(), z.number()]).nullish(),
  Env: texts.nullish(),
  Cmd: texts,
  User: text.optional(),
  WorkingDir: text.optional(),
})

export const execBody: Shape = (body) => ({ ...known(exec, body), Privileged: false })

const execStart = z.object({
  Detach: z.boolean().optional(),
  Tty: z.boolean().optional(),
  ConsoleSize: z.tuple([z.number(), z.number()]).nullish(),
})

export const execStartBody: Shape = (body) => known(execStart, body)

/** A CPU limit may be lifted as a repair. */
const update = z.object({
  CpuPeriod: z.number().optional(),
  CpuQuota: z.number().optional(),
  NanoCpus: z.number().optional(),
  CpuShares: z.number().optional(),
})

export const updateBody: Shape = (body) => known(update, body)

const create = z.object({
  Image: text,
  Cmd: command,
  Entrypoint: command,
  Env: texts.nullish(),
  WorkingDir: text.optional(),
  User: text.optional(),
  Hostname: text.optional(),
  Tty: z.boolean().optional(),
  OpenStdin: z.boolean().optional(),
  StdinOnce: z.boolean().optional(),
  AttachStdin: z.boolean().optional(),
  AttachStdout: z.boolean().optional(),
  AttachStderr: z.boolean().optional(),
  HostConfig: z.looseObject({ NetworkMode: text.optional(), AutoRemove: z.boolean().optional() }).optional(),
  NetworkingConfig: z.unknown().optional(),
})

/** Limits for containers that are made inside: enough for an investigation, too little to hurt the machine. */
const limits = { PidsLimit: 256, Memory: 512 * 2 ** 20, MemorySwap: 512 * 2 ** 20 }

/** Fields that `docker run` always sends, with the values that the engine treats as absent. */
const defaults: Record<string, readonly unknown[]> = {
  NetworkMode: ['default', 'bridge'],
  RestartPolicy: [
    { Name: 'no', MaximumRetryCount: 0 },
    { Name: '', MaximumRetryCount: 0 },
    { Name: 'no' },
    { Name: '' },
  ],
  LogConfig: [{ Type: '', Config: {} }, { Type: '', Config: null }, { Type: '' }],
  MemorySwappiness: [-1],
}

export const createBody: Shape = (body, { images, network }) => {
  const { HostConfig: asked = {}, NetworkingConfig, ...rest } = known(create, body)
  if (!images.includes(rest.Image))
    throw new Refused(`image ${rest.Image}: only ${images.join(', ')} may be run here`)
  const { NetworkMode = 'default', AutoRemove = false, ConsoleSize: _, ...others } = asked
  if (NetworkMode !== network && !defaults.NetworkMode?.includes(NetworkMode))
    throw new Refused(`network ${NetworkMode}: only ${network} is here`)
  refuseSaid('HostConfig.', others)
  if (!isUsual(NetworkingConfig, network)) throw new Refused('NetworkingConfig may not be set here')
  return {
    ...rest,
    HostConfig: {
      ...limits,
      NetworkMode: network,
      AutoRemove,
      Dns: ['127.0.0.1'],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '16m' } },
    },
  }
}

/** `docker run --network` names the network twice; the second time only has defaults, which are left out. */
function isUsual(config: unknown, network: string): boolean {
  const { EndpointsConfig } = (config ?? {}) as { EndpointsConfig?: Record<string, unknown> | null }
  return Object.entries(EndpointsConfig ?? {}).every(
    ([name, endpoint]) =>
      [network, 'default', 'bridge'].includes(name) &&
      Object.values((endpoint ?? {}) as object).every((value) => isEmpty(value)),
  )
}

function refuseSaid(prefix: string, fields: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(fields)) {
    const usual =
      Object.hasOwn(defaults, name) &&
      defaults[name]?.some((one) => JSON.stringify(one) === JSON.stringify(value))
    if (!usual && !isEmpty(value)) throw new Refused(`${prefix}${name} may not be set here`)
  }
}

/** Values that mean nothing. A key with an empty value does mean something: `{ '/x': {} }` is a volume. */
const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' ? Object.keys(value ?? {}).length === 0 : !value

/** Keeps the known fields. Every other field, in upper or lower case, must have a value that means nothing. */
function known<T>(schema: z.ZodObject & z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body ?? {})
  if (!result.success) {
    const [issue] = result.error.issues
    throw new Refused(`${issue?.path.join('.') || 'body'}: ${issue?.message}`)
  }
  const others = Object.entries(body ?? {}).filter(([name]) => !Object.hasOwn(schema.shape, name))
  refuseSaid('', Object.fromEntries(others))
  return result.data
}
