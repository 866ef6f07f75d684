import { z } from 'zod'
import type { ChaosType, Fault } from '../chaos-type.ts'
import { chooseOne } from '../target.ts'
import { configFile, readConfig, writeConfig } from './config.ts'

/** Mistakes that a person makes while editing a file. Each makes etcd report the reason and exit. */
const changes = {
  /** An address that the host does not have. */
  address: (text: string) =>
    text.replace(/^(listen-peer-urls:\s*\S*\/\/)[^:\s]+/m, (_, before: string) => `${before}10.0.1.12`),
  /** etcd wants at least five heartbeats in an election timeout. */
  timeouts: (text: string) => text.replace(/^(election-timeout:).*$/m, '$1 300'),
  /** The value has to be a number, in ms. */
  unit: (text: string) => text.replace(/^(heartbeat-interval: \d+)$/m, '$1ms'),
}

const names = Object.keys(changes) as [keyof typeof changes]

const params = z.strictObject({ change: z.enum(names, `one of ${names.join(', ')}`).default('address') })

/** Whether the file still has the mistake. A repair may use another number than the original. */
const slips = {
  address: (text: string) => settingIn(text, 'listen-peer-urls').includes('10.0.1.12'),
  timeouts: (text: string) =>
    !(
      Number(settingIn(text, 'election-timeout') || 1000) >=
      5 * Number(settingIn(text, 'heartbeat-interval') || 100)
    ),
  unit: (text: string) => !/^\d*$/.test(settingIn(text, 'heartbeat-interval')),
}

/** Empty where the file leaves the value to etcd. */
const settingIn = (text: string, setting: string): string =>
  new RegExp(`^${setting}:\\s*["']?([^"'#\\n]*)`, 'm').exec(text)?.[1]?.trim() ?? ''

/** A changed configuration that shows its effect at the next restart. */
export const badConfig: ChaosType<z.infer<typeof params>> = {
  name: 'bad_config',
  description: 'changes the configuration of a node and restarts it: it does not come up again',
  causes: [
    /\bconfig(uration|ured)?\b(?! (is |was |were )?(unchanged|fine|ok|intact|correct|valid|untouched))|misconfigur|\.ya?ml\b/i,
    /listen-peer-url|election-timeout|heartbeat-interval|(bind|assign) .{0,20}address|10\.0\.1\.12|wrong (listen )?address/i,
  ],
  params,
  needs: ['clusters', 'signals'],
  subjects: ['etcd'],
  takesOne: () => true,
  plan: async (plan) => {
    const target = chooseOne(plan)
    const original = await readConfig(plan.cluster, target)
    const changed = changes[plan.params.change](original)
    if (changed === original)
      throw new Error(`${configFile(target)} has nothing that '${plan.params.change}' could change`)
    return { chaosType: 'bad_config', target, params: plan.params, undo: { original, changed } }
  },
  inject: async (cluster, fault) => {
    await cluster.stop(fault.target)
    await writeConfig(cluster, fault.target, textOf(fault, 'changed'))
    await cluster.start(fault.target)
  },
  landed: async (cluster, fault) =>
    (await cluster.state(fault.target)) === 'stopped' &&
    (await readConfig(cluster, fault.target)) === textOf(fault, 'changed'),
  // Starting the process with another file is no repair: the service's own file is still wrong.
  remains: async (cluster, fault) => {
    const file = await cluster.read(fault.target, configFile(fault.target))
    return file === null || slips[params.parse(fault.params).change](file.toString())
  },
  revert: async (cluster, fault) => {
    if ((await readConfig(cluster, fault.target)) !== textOf(fault, 'original')) {
      await writeConfig(cluster, fault.target, textOf(fault, 'original'))
      // The process may be about to exit because of the file it has just read.
      await cluster.stop(fault.target)
    }
    await cluster.start(fault.target)
  },
  clean: async (cluster, fault) =>
    (await cluster.state(fault.target)) === 'running' &&
    (await readConfig(cluster, fault.target)) === textOf(fault, 'original'),
}

const textOf = (fault: Fault, which: 'original' | 'changed'): string => String(fault.undo[which])
