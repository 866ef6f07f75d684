/** Without its query PD leaves out the stores that were removed. */
export const everyStore = '/pd/api/v1/stores?state=0&state=1&state=2'

/** A PD of three, well, with two stores, as PD 8.5 writes it. */
export const goodPd: Record<string, string> = {
  '/pd/api/v1/status': '{"version":"v8.5.0","git_hash":"x","start_timestamp":1795382606}',
  '/pd/api/v1/members': `{"header":{"cluster_id":7438904713604530917},
    "members":[{"name":"pd-1","member_id":4720092715161199927,"client_urls":["http://pd-1:2379"]},
               {"name":"pd-2","member_id":15316378834655774191,"client_urls":["http://pd-2:2379"]}],
    "leader":{"name":"pd-2","member_id":15316378834655774191},"etcd_leader":{"name":"pd-2"}}`,
  [everyStore]: `{"count":3,"stores":[
    {"store":{"id":7,"address":"tikv-3:20160","status_address":"tikv-3:20180","state":2,"node_state":3,"state_name":"Tombstone"},
     "status":{"capacity":"0B","available":"0B","leader_count":0,"region_count":0}},
    {"store":{"id":1,"address":"tikv-1:20160","version":"8.5.0","status_address":"tikv-1:20180",
      "last_heartbeat":1795382724490000001,"state_name":"Up"},
     "status":{"capacity":"1.8TiB","available":"986.7GiB","used_size":"12.3MiB","leader_count":2,"region_count":3,"slow_score":1}},
    {"store":{"id":9007199254740993,"address":"tikv-2:20160","status_address":"tikv-2:20180","state_name":"Disconnected"},
     "status":{"capacity":"0B","available":"0B","leader_count":1,"region_count":3,"slow_score":80,"is_busy":true}}]}`,
  '/pd/api/v1/config/schedule': `{"leader-schedule-limit":4,"region-schedule-limit":2048,"replica-schedule-limit":64}`,
  '/pd/api/v1/health': `[{"name":"pd-1","member_id":4720092715161199927,"client_urls":["http://pd-1:2379"],"health":true},
    {"name":"pd-2","member_id":15316378834655774191,"client_urls":["http://pd-2:2379"],"health":true}]`,
  '/pd/api/v1/stats/region?count': '{"count":3}',
  '/pd/api/v1/schedulers': '["balance-leader-scheduler","balance-region-scheduler"]',
  '/pd/api/v1/schedulers?status=paused': 'null',
  '/pd/api/v1/operators?object': '[{"desc":"balance-leader"}]',
  '/metrics': 'process_start_time_seconds 1795382606\n',
}
