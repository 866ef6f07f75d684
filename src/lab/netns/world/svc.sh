#!/bin/bash
# svc: starts, stops and watches the services of this host.
# A service is /etc/svc/NAME: command=(...), environment=(NAME=value ...), directory=/path.
# Each has a network namespace of its own, /run/netns/NAME, and logs to /var/log/NAME.log.
# Nothing is restarted automatically.
usage='usage: svc status [NAME...]          state, pid, since when, how it last ended
       svc start|stop|restart [NAME...]
       svc kill NAME [SIGNAL]         default TERM
       svc logs NAME [-n LINES]       the last lines of its log, default 50
       svc exec NAME -- COMMAND...    runs COMMAND in the network of NAME'
run=/run/svc

fail() { echo "svc: $*" >&2; exit 1; }

known() { [[ -f /etc/svc/$1 ]] || fail "no service '$1'; there are: $(cd /etc/svc && echo *)"; }

# A pause without a process of its own.
nap() {
  [[ -v quiet ]] || exec {quiet}<> <(:)
  read -rt "$1" -u "$quiet" _
  return 0
}

# Sets state (R S D T Z ...), group and started (clock ticks after boot) of a process.
look() {
  local line
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  set -- ${line##*) }
  state=$1 group=$3 started=${20}
  [[ $state != [ZX] ]]
}

# Sets pid to the service's process. A process id is only believed together with its start time; a process
# that somebody started by hand in the service's network counts as the service.
find_pid() {
  local was program dir
  if { read -r pid was <"$run/$1.pid"; } 2>/dev/null && look "$pid" && [[ $started == "$was" ]]; then return 0; fi
  load "$1"
  program=$(type -P "${command[0]}") || return 1
  for dir in /proc/[0-9]*; do
    if [[ $dir/ns/net -ef /run/netns/$1 && $dir/exe -ef $program ]] && look "${dir#/proc/}"; then
      pid=${dir#/proc/}
      return 0
    fi
  done
  pid=
  return 1
}

load() {
  command=() environment=() directory=/
  # shellcheck disable=SC1090
  . "/etc/svc/$1"
}

# Exclusive per service, so that two people who start it at once start it once.
lock() { exec {held}>"$run/$1.lock"; flock "$held"; }
unlock() { exec {held}>&-; }

launch() {
  lock "$1"
  if ! find_pid "$1"; then
    rm -f "$run/$1.pid" "$run/$1.exit"
    # The first process starts it: a service has no limits, and no end, of whoever asked for it.
    echo "$1" 1<>"$run/start"
    for _ in {1..2500}; do
      [[ -s $run/$1.pid || -s $run/$1.exit ]] && break
      nap 0.002
    done
  fi
  unlock
}

# Waits for the process so that its end is known.
supervise() {
  load "$1"
  local code
  cd "$directory" || exit 1
  nsenter --net="/run/netns/$1" setsid env -i "PATH=$PATH" HOME=/root LANG=C.UTF-8 "${environment[@]}" \
    "${command[@]}" &
  pid=$!
  look "$pid" && echo "$pid $started" >"$run/$1.pid"
  wait "$pid"
  code=$?
  echo "$code $EPOCHSECONDS" >"$run/$1.exit"
}

send() {
  if [[ $group == "$pid" ]]; then kill -s "$1" -- "-$pid"; else kill -s "$1" "$pid"; fi
}

halt() {
  lock "$1"
  if find_pid "$1"; then
    local target=$pid was=$started
    send TERM
    send CONT
    for _ in {1..500}; do
      look "$target" && [[ $started == "$was" ]] || { unlock; return 0; }
      nap 0.01
    done
    send KILL
    gone "$target" "$was" || fail "$1 (pid $target) does not end"
  fi
  unlock
}

gone() {
  for _ in {1..500}; do
    look "$1" && [[ $started == "$2" ]] || return 0
    nap 0.01
  done
  return 1
}

deliver() {
  find_pid "$1" || fail "$1 is not running"
  local target=$pid was=$started
  send "$2" || exit 1
  case $2 in
    KILL | 9) gone "$target" "$was" || fail "$1 (pid $target) does not end" ;;
    STOP | 19) for _ in {1..200}; do look "$target" && [[ $state != T ]] || break; nap 0.005; done ;;
    CONT | 18) for _ in {1..200}; do look "$target" && [[ $state == T ]] || break; nap 0.005; done ;;
  esac
}

ended() {
  local code at
  { read -r code at <"$run/$1.exit"; } 2>/dev/null || return 0
  printf 'ended %(%FT%TZ)T ' "$at"
  if ((code > 128)); then echo "by signal $(kill -l $((code - 128)) 2>/dev/null)"; else echo "with status $code"; fi
}

line() {
  local key booted
  if find_pid "$1"; then
    while read -r key booted _ && [[ $key != btime ]]; do :; done </proc/stat
    [[ $state == [Tt] ]] && state=paused || state=running
    printf '%-16s %-8s pid %-7s since %(%FT%TZ)T\n' "$1" "$state" "$pid" $((booted + started / 100))
  else
    printf '%-16s %-8s %s\n' "$1" stopped "$(ended "$1")"
  fi
}

export TZ=UTC
shopt -s nullglob
verb=${1:-status}
[[ $# -gt 0 ]] && shift
case $verb in
  status | start | stop | restart)
    [[ $# -gt 0 ]] || set -- $(cd /etc/svc && echo *)
    for name; do known "$name"; done
    for name; do
      case $verb in
        status) line "$name" ;;
        start) launch "$name" & ;;
        stop) halt "$name" & ;;
        restart) { halt "$name" && launch "$name"; } & ;;
      esac
      jobs_+=($!)
    done
    code=0
    if [[ $verb != status ]]; then for job in "${jobs_[@]}"; do wait "$job" || code=1; done; fi
    exit "$code"
    ;;
  supervise) supervise "$1" ;;
  kill) [[ $# -gt 0 ]] || fail "kill whom?"; known "$1"; deliver "$1" "${2:-TERM}" ;;
  logs)
    [[ $# -gt 0 ]] || fail "logs of whom?"
    known "$1"
    [[ ${2:-} == -n ]] && set -- "$1" "${3:-50}"
    exec tail -n "${2:-50}" "/var/log/$1.log"
    ;;
  exec)
    [[ $# -gt 0 ]] || fail "exec where?"
    known "$1"
    name=$1
    shift
    [[ ${1:-} == -- ]] && shift
    exec nsenter --net="/run/netns/$name" "$@"
    ;;
  -h | --help | help) echo "$usage" ;;
  *) echo "$usage" >&2; exit 2 ;;
esac
