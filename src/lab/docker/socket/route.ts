/** What a container of the cluster is there for decides what may be done with it. */
export type Reach = 'any' | 'process' | 'extra'

export type Shape = (body: unknown, own: { images: string[]; network: string }) => unknown

/** One thing that may be asked for. Whatever is in no row is refused. */
export interface Route {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  /** Segments of the path, the version left out; `:container`, `:exec`, `:image`, `:network` are looked up, never passed on. */
  path: string
  /** Query parameters that are passed on, with what they may be. */
  query?: Record<string, RegExp>
  /** Which containers of the cluster. */
  of?: Reach
  /** Makes the body that is passed on from the one that came. */
  body?: Shape
  /** The body is passed on as it comes, up to a limit. */
  stream?: true
  /** The connection becomes a stream of the program's input and output. */
  upgrade?: true
  /** What is shown of the answer. */
  show?: 'containers' | 'container' | 'images' | 'image' | 'networks' | 'network' | 'created'
}
