# Gives a program a view of this host of its own and runs it in there, as the first process of a process namespace: what
# it leaves behind ends with it. Runs as root, or as root of a user namespace, in new mount and process namespaces.
#   bash confine.sh PLAN -- PROGRAM-BEFORE-THE-DROP... PROGRAM [ARGUMENT...]
# PLAN is a file of lines, in this order; paths have no line ends:
#   stash FOLDER        a folder that may go out of sight, for what has to stay in sight
#   user UID HOME       the user that it becomes: it owns its home and its standard output
#   show PATH           stays in sight, though a folder above it is covered
#   copy FILE           likewise, and everybody may read and run it
#   cover FOLDER MODE   an empty folder in its place
#   blank FILE          an empty file in its place
#   fixed FOLDER        cannot be written to
# The host's /proc is the first to go: it leads to everything else.
set -eu
fail() {
  echo "operator: the program cannot be given a view of its own: $1" >&2
  exit 125
}
trap 'fail "line $LINENO of confine.sh"' ERR
plan=$1
shift 2
mapfile -t lines <"$plan"
shown=() count=0 cwd=$PWD
# Also when our folder has been covered.
cd /
mount -t proc -o nosuid,nodev,noexec proc /proc

reveal() { # everything shown that is beneath a folder, or all of it
  local i path
  for i in "${!shown[@]}"; do
    path=${shown[i]}
    [[ $path == "$1"/* ]] || continue
    if [[ -d $stash/$i ]]; then mkdir -p -- "$path"; else
      mkdir -p -- "${path%/*}"
      [[ -e $path ]] || : >"$path"
    fi
    mount --bind "$stash/$i" "$path"
  done
}

for line in "${lines[@]}"; do
  what=${line%% *} rest=${line#* }
  case $what in
    stash)
      stash=$rest
      mount -t tmpfs -o mode=0700 tmpfs "$stash"
      ;;
    user)
      user=${rest%% *} home=${rest#* }
      mkdir -p -- "$home"
      chown "$user:$user" "$home" /proc/self/fd/1 /proc/self/fd/2
      # Many programs want to know the name of their user.
      for file in passwd group; do cat "/etc/$file" >"$stash/$file" && chmod 644 "$stash/$file"; done
      echo "agent:x:$user:$user::$home:/bin/sh" >>"$stash/passwd"
      echo "agent:x:$user:" >>"$stash/group"
      for file in passwd group; do mount --bind "$stash/$file" "/etc/$file"; done
      ;;
    show)
      if [[ -d $rest ]]; then mkdir "$stash/$count"; else : >"$stash/$count"; fi
      mount --bind "$rest" "$stash/$count"
      shown[count++]=$rest
      ;;
    copy)
      cp -- "$rest" "$stash/$count"
      chmod 755 "$stash/$count"
      shown[count]=$rest
      mount --bind "$stash/$count" "$rest"
      count=$((count + 1))
      ;;
    cover)
      mode=${rest##* } folder=${rest% *}
      [[ -d $folder ]] || continue # it went out of sight with a folder above it
      mount -t tmpfs -o "nosuid,nodev,mode=$mode,size=1g" tmpfs "$folder"
      reveal "$folder"
      ;;
    blank) [[ ! -e $rest ]] || mount --bind /dev/null "$rest" ;;
    fixed) [[ ! -e $rest ]] || { mount --bind "$rest" "$rest" && mount -o remount,bind,ro,nosuid,nodev "$rest"; } ;;
    *) fail "$line" ;;
  esac
done
trap - ERR
set +e
cd -- "$cwd" 2>/dev/null || cd -- "${home:-/}"
"$@" <&0 &
wait $!
