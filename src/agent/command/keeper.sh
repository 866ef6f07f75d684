# Runs a program with everything that it starts, and ends all of it: when the program ends, and when file descriptor 3
# closes, which only the agent holds. Then it removes the session's folder.
#   bash keeper.sh FOLDER PROGRAM [ARGUMENT...]

# PR_SET_CHILD_SUBREAPER: what loses its parent becomes our child, whatever session, group or environment it has.
if [[ $OSTYPE == linux* && ! -v KEEPER_ADOPTS ]] && type -P perl >/dev/null; then
  export KEEPER_ADOPTS=1
  # shellcheck disable=SC2016
  exec perl -e 'use Config; syscall($Config{archname} =~ /^aarch64/ ? 167 : 157, 36, 1, 0, 0, 0); exec @ARGV' bash "$0" "$@"
fi
unset KEEPER_ADOPTS
folder=$1
shift
exec 0</dev/null 4>&2 2>/dev/null
# What we are given are sockets, and programs expect pipes: a socket cannot be opened as /dev/stderr, and bash -c takes
# one as its input for a remote login, and reads ~/.bashrc.
exec 5> >(exec cat 3<&- >&4 4>&-)
kept=" $! "
exec 1> >(exec cat 3<&- 4>&- 5>&-)
kept+="$! "
setsid env "OPERATOR_SESSION=$folder/session" "$@" <"$folder/input" 2>&5 3<&- 4>&- 5>&- &
program=$!
exec >/dev/null 4>&- 5>&-
{ read -r -u 3 _; } &
reader=$!
wait -n -p done "$program" "$reader"
code=$?
[[ $done == "$program" ]] || code=137
kill -KILL "$reader"

# A child's children become ours when it ends.
for _ in {1..5000}; do
  kill -KILL -- "-$program"
  read -r -a children <"/proc/$$/task/$$/children"
  left=()
  for pid in "${children[@]}"; do [[ $kept == *" $pid "* ]] || left+=("$pid"); done
  ((${#left[@]})) || break
  kill -KILL "${left[@]}"
done
rm -rf -- "$folder"
exit "$code"
