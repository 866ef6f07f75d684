import {
  type Lie,
  partsConformance,
  runbookConformance,
  subjectConformance,
  workloadConformance,
} from 'operator-sre/testing'
import { redis, redisReadonly } from '../src/index.ts'
import { startRedis } from './local-redis.ts'

/** Peers that speak RESP, and say nothing that a healthy Redis says. */
const says =
  (text: string): Lie =>
  (socket) => {
    socket.write(text)
    socket.on('data', () => socket.write(text))
  }
const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`
const lies = {
  'is loading its data': says('-LOADING Redis is loading the dataset in memory\r\n'),
  'asks for a password': says('-NOAUTH Authentication required.\r\n'),
  'has nothing to say': says('$-1\r\n'),
  'agrees to everything': says('+OK\r\n'),
  'announces a gigabyte': says('$1073741824\r\nredis_version:7'),
  'announces a length that is none': says('$12x\r\n'),
  'nests without end': says('*1\r\n'.repeat(10_000)),
  'gives two answers at once': says('+OK\r\n'.repeat(2)),
  'leaves out what was asked': says(bulk('redis_version:7.0.15\r\nrole:master\r\n')),
  'gives text for numbers': says(bulk('role:master\r\nrun_id:a\r\nmaster_repl_offset:many\r\n')),
  'has a role that there is not': says(bulk('role:sentinel\r\nrun_id:a\r\n')),
}

partsConformance(redis, [redisReadonly])
runbookConformance(redis)
subjectConformance(redis, startRedis, { lies })
workloadConformance(redis, startRedis)
