import { bool, bytes, many, message, one, text, texts, uint64 } from './protobuf.ts'

// The part of TiKV's and PD's published protocol (kvproto: pdpb, metapb, kvrpcpb, errorpb, tikvpb) that we speak: field
// numbers and types, under our own names. And grpc.health.v1, which every gRPC server may have.

const requestHeader = message({ clusterId: uint64(1) })
const responseHeader = message({
  clusterId: uint64(1),
  error: one(2, message({ type: uint64(1), message: text(2) })),
})

const peer = message({ id: uint64(1), storeId: uint64(2) })
const epoch = message({ confVer: uint64(1), version: uint64(2) })
const region = message({
  id: uint64(1),
  startKey: bytes(2),
  endKey: bytes(3),
  epoch: one(4, epoch),
  peers: many(5, peer),
})
const store = message({ id: uint64(1), address: text(2), state: uint64(3), statusAddress: text(7) })
const member = message({ name: text(1), memberId: uint64(2), peerUrls: texts(3), clientUrls: texts(4) })

const context = message({ regionId: uint64(1), epoch: one(2, epoch), peer: one(3, peer) })
const regionError = message({
  message: text(1),
  notLeader: one(2, message({ regionId: uint64(1), leader: one(2, peer) })),
  serverIsBusy: one(6, message({ reason: text(1) })),
})

/** A method of a gRPC service that takes one message and gives one. */
export interface Method<Q, A> {
  path: string
  request: import('./protobuf.ts').Message<Q>
  answer: import('./protobuf.ts').Message<A>
}

/** Answered by every PD. */
export const getMembers = {
  path: '/pdpb.PD/GetMembers',
  request: message({ header: one(1, requestHeader) }),
  answer: message({ header: one(1, responseHeader), members: many(2, member), leader: one(3, member) }),
}

/** Answered by the leader of the PDs; the header has to name the cluster. */
export const getRegion = {
  path: '/pdpb.PD/GetRegion',
  request: message({ header: one(1, requestHeader), key: bytes(2) }),
  answer: message({ header: one(1, responseHeader), region: one(2, region), leader: one(3, peer) }),
}

export const getStore = {
  path: '/pdpb.PD/GetStore',
  request: message({ header: one(1, requestHeader), storeId: uint64(2) }),
  answer: message({ header: one(1, responseHeader), store: one(2, store) }),
}

export const rawPut = {
  path: '/tikvpb.Tikv/RawPut',
  request: message({ context: one(1, context), key: bytes(2), value: bytes(3) }),
  answer: message({ regionError: one(1, regionError), error: text(2) }),
}

export const rawGet = {
  path: '/tikvpb.Tikv/RawGet',
  request: message({ context: one(1, context), key: bytes(2) }),
  answer: message({ regionError: one(1, regionError), error: text(2), value: bytes(3), notFound: bool(4) }),
}

export const healthCheck = {
  path: '/grpc.health.v1.Health/Check',
  request: message({ service: text(1) }),
  /** 1: serving. */
  answer: message({ status: uint64(1) }),
}
