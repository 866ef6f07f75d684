# Sent to `bash -s`, which leads a session, after a line that sets $command, $seconds and $far. The rest of standard input is a
# connection to the caller: when it closes, for whatever reason, everything that the command started is killed. So it is after
# $seconds, should the connection be cut without a word.
main() {
  # Limits only $command and what it starts, so that neither its memory nor its processes hurt the machine. The kernel counts
  # the threads of everything that runs here; a few hundred more do not starve the machine.
  local tasks=(/proc/[0-9]*/task/[0-9]*)
  ulimit -u $((${#tasks[@]} + 250))
  echo 500 >/proc/self/oom_score_adj
  exec 3<&0 </dev/null
  local child reader done code out='' err=''
  if [[ $far ]]; then
    # What comes from afar ends when nobody can write to it any more. A background process could for ever, were it not for these.
    exec 4> >(exec cat)
    out=$!
    exec 5> >(exec cat >&2)
    err=$!
    bash -c "$command" 3<&- >&4 2>&5 4>&- 5>&- &
    child=$!
    exec 4>&- 5>&-
  else
    bash -c "$command" 3<&- &
    child=$!
  fi
  exec >/dev/null 2>&1
  { read -r -t "$seconds" -u 3 _; } &
  reader=$!
  wait -n -p done "$child" "$reader"
  code=$?
  if [[ $done == "$child" ]]; then
    kill -KILL "$reader"
    for _ in {1..20}; do
      [[ $far ]] && kill -0 "$out" "$err" || break
      sleep 0.05
    done
    [[ ! $far ]] || kill -KILL "$out" "$err"
    exit "$code"
  fi
  for _ in {1..100}; do
    members || break
    kill -KILL "${found[@]}"
  done
  exit 137
}

# Sets found to the processes of this session and all their descendants.
members() {
  local dir line pid more=1
  local -A parent session mine=([$$]=1)
  for dir in /proc/[0-9]*; do
    { read -r line <"$dir/stat"; } 2>/dev/null || continue
    pid=${dir#/proc/}
    set -- ${line##*) }
    [[ $1 == Z ]] || parent[$pid]=$2 session[$pid]=$4
  done
  while ((more)); do
    more=0
    for pid in "${!parent[@]}"; do
      if [[ ! ${mine[$pid]-} && (${session[$pid]} == $$ || ${mine[${parent[$pid]}]-}) ]]; then mine[$pid]=1 more=1; fi
    done
  done
  unset "mine[$$]"
  found=("${!mine[@]}")
  ((${#found[@]}))
}

main
