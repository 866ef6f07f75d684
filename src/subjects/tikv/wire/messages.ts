import { bool, bytes, int32, many, message, one, string, strings, uint64 } from './schema.ts'

// The part of TiKV's and PD's published protocol that we speak: names, numbers and types as github.com/pingcap/kvproto has
// them in proto/pdpb.proto, metapb.proto, kvrpcpb.proto, errorpb.proto and tikvpb.proto; fields that we do not use are left
// out. And grpc.health.v1 (github.com/grpc/grpc-proto), which every gRPC server may have.

const requestHeader = message('pdpb.RequestHeader', { clusterId: uint64(1) })
const responseHeader = message('pdpb.ResponseHeader', {
  clusterId: uint64(1),
  error: one(2, message('pdpb.Error', { type: int32(1), message: string(2) })),
})

const peer = message('metapb.Peer', { id: uint64(1), storeId: uint64(2) })
const regionEpoch = message('metapb.RegionEpoch', { confVer: uint64(1), version: uint64(2) })
const region = message('metapb.Region', {
  id: uint64(1),
  startKey: bytes(2),
  endKey: bytes(3),
  regionEpoch: one(4, regionEpoch),
  peers: many(5, peer),
})
const store = message('metapb.Store', { id: uint64(1), address: string(2) })
const member = message('pdpb.Member', {
  name: string(1),
  memberId: uint64(2),
  peerUrls: strings(3),
  clientUrls: strings(4),
})

const context = message('kvrpcpb.Context', {
  regionId: uint64(1),
  regionEpoch: one(2, regionEpoch),
  peer: one(3, peer),
})
const regionError = message('errorpb.Error', {
  message: string(1),
  notLeader: one(2, message('errorpb.NotLeader', { regionId: uint64(1), leader: one(2, peer) })),
})

/** Answered by every PD. */
export const getMembers = {
  path: '/pdpb.PD/GetMembers',
  request: message('pdpb.GetMembersRequest', { header: one(1, requestHeader) }),
  answer: message('pdpb.GetMembersResponse', {
    header: one(1, responseHeader),
    members: many(2, member),
    leader: one(3, member),
  }),
}

/** Answered by the leader of the PDs; the header has to name the cluster. */
export const getRegion = {
  path: '/pdpb.PD/GetRegion',
  request: message('pdpb.GetRegionRequest', { header: one(1, requestHeader), regionKey: bytes(2) }),
  answer: message('pdpb.GetRegionResponse', {
    header: one(1, responseHeader),
    region: one(2, region),
    leader: one(3, peer),
  }),
}

export const getStore = {
  path: '/pdpb.PD/GetStore',
  request: message('pdpb.GetStoreRequest', { header: one(1, requestHeader), storeId: uint64(2) }),
  answer: message('pdpb.GetStoreResponse', { header: one(1, responseHeader), store: one(2, store) }),
}

export const rawPut = {
  path: '/tikvpb.Tikv/RawPut',
  request: message('kvrpcpb.RawPutRequest', { context: one(1, context), key: bytes(2), value: bytes(3) }),
  answer: message('kvrpcpb.RawPutResponse', { regionError: one(1, regionError), error: string(2) }),
}

export const rawGet = {
  path: '/tikvpb.Tikv/RawGet',
  request: message('kvrpcpb.RawGetRequest', { context: one(1, context), key: bytes(2) }),
  answer: message('kvrpcpb.RawGetResponse', {
    regionError: one(1, regionError),
    error: string(2),
    value: bytes(3),
    notFound: bool(4),
  }),
}

export const healthCheck = {
  path: '/grpc.health.v1.Health/Check',
  request: message('grpc.health.v1.HealthCheckRequest', { service: string(1) }),
  /** 1: serving. */
  answer: message('grpc.health.v1.HealthCheckResponse', { status: int32(1) }),
}
