/** The role of a container decides which requests are allowed for it. */
export type Reach = 'any' | 'process' | 'extra'

export type Shape = (body: unknown, own: { images: string[]; network: string }) => unknown

/** One kind of allowed request. Requests that match no row are refused. */
export interface Route {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  /**
   * Segments of the path without the version. `:container`, `:exec`, `:image` and `:network` are looked up, never passed on.
   */
  path: string
  /** Query parameters that are passed on, with their allowed values. */
  query?: Record<string, RegExp>
  /** The containers of the cluster that the request may name. */
  of?: Reach
  /** Builds the body for the engine from the one that came. */
  body?: Shape
  /** The body is passed on unchanged, up to a limit. */
  stream?: true
  /** The connection becomes a stream of the program's input and output. */
  upgrade?: true
  /** The part of the answer that is shown. */
  show?: 'containers' | 'container' | 'images' | 'image' | 'networks' | 'network' | 'created'
}
