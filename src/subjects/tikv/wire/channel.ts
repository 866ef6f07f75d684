import type { Tls } from '../../../core/watch/access.ts'
import type { Channel } from './call.ts'

/** `address`: `host:port`. `tls`: null for none. The library is loaded by the first call: who has no TiKV needs none. */
export function channelTo(address: string, tls: Tls | null = null): Channel {
  let channel: Promise<Channel> | null = null
  let disposed = false
  return {
    call: async (method, request, signal) => {
      if (signal.aborted || disposed) return { kind: 'unsent', detail: 'no time was left' }
      // The address of a leader comes from the stores that are asked, so it may be nonsense.
      if (!URL.canParse(`http://${address}`)) return { kind: 'unsent', detail: `no address: ${address}` }
      channel ??= import('./grpc.ts').then(({ grpcChannel }) => grpcChannel(address, tls))
      return (await channel).call(method, request, signal)
    },
    [Symbol.dispose]: () => {
      disposed = true
      void channel?.then((opened) => opened[Symbol.dispose]())
    },
  }
}
