# Read by the first process of a world on its standard input, after a prelude that sets:
#   base       an existing directory to build the new root on
#   mounts     the new root's mounts, as fstab lines relative to $base
#   dirs, devices, links (arguments of ln -s), all relative to the new root
#   nodes, addresses, gateway, hostname_
#   root_options  of the root file system
#   init, lost, filter   what becomes the first process, and its bounds
# and the functions host_files (runs while the host's files are there) and write_files (runs inside).
# Nothing here may name who made this world, or why: whoever works inside can read all of it.
set -Eeuo pipefail
trap 'echo "line $LINENO: $BASH_COMMAND" >&2' ERR
umask 022

mount -t tmpfs -o "$root_options,mode=755" none "$base"
cd "$base"
mkdir -p "${dirs[@]}"
for device in "${devices[@]}"; do : >"dev/$device"; done
printf '%s\n' "$mounts" >etc/fstab
mount -a -T etc/fstab
rm etc/fstab
host_files
for words in "${links[@]}"; do ln -s $words & done
wait

pivot_root . .
umount -l .
cd /root
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
hostname "$hostname_"
chmod 1777 /tmp /dev/shm
write_files
mount -o remount,bind,ro /usr/local

{
  echo 'link set lo up'
  echo 'link add br0 type bridge'
  echo "address add $gateway/24 dev br0"
  echo 'link set br0 up'
  for node in "${nodes[@]}"; do echo "netns add $node"; done
  for i in "${!nodes[@]}"; do
    echo "link add veth$i type veth peer name eth0 netns ${nodes[i]}"
    echo "link set veth$i master br0 up"
  done
} | ip -batch -
for i in "${!nodes[@]}"; do
  printf '%s\n' 'link set lo up' "address add ${addresses[i]}/24 dev eth0" 'link set eth0 up' |
    nsenter --net="/run/netns/${nodes[i]}" ip -batch - &
  waits[i]=$!
done
for pid in "${waits[@]}"; do wait "$pid"; done

# What the kernel counts for the caller's user, too: the inside may not use it up. Only SYS_RESOURCE can raise these.
for kind in net mnt pid uts ipc cgroup; do echo 1024 >"/proc/sys/user/max_${kind}_namespaces"; done
for limit in user_namespaces=0 time_namespaces=0 inotify_instances=16 inotify_watches=4096; do
  [[ ! -e /proc/sys/user/max_${limit%=*} ]] || echo "${limit#*=}" >"/proc/sys/user/max_${limit%=*}"
done

mkfifo -m 600 /run/svc/start
exec perl -e "$init" "$lost" "$filter" "${nodes[@]}"
