#!/bin/sh
# systemd_boot.sh DIR SCRIPT - becomes systemd in a copy of this system that forgets all changes (an
# overlay in memory), with nothing to start but the SCRIPT; what that prints is in DIR/out. To be run in
# mount, PID, IPC, UTS and cgroup namespaces of our own; the network stays, for what listens on loopback.
# SPDX-License-Identifier: Apache-2.0
set -e
DIR=$1
SCRIPT=$2
mkdir "$DIR/memory" "$DIR/root"
mount -t tmpfs none "$DIR/memory"
mkdir "$DIR/memory/upper" "$DIR/memory/work"
mount -t overlay none -o "lowerdir=/,upperdir=$DIR/memory/upper,workdir=$DIR/memory/work" "$DIR/root"
cd "$DIR/root"
for there in "$SRCDIR" "$BUILDDIR" /sys /dev; do
	mkdir -p ".$there"
	mount --rbind "$there" ".$there"
done
mount -t proc none proc
mount -t tmpfs -o mode=755 none run
mkdir old
pivot_root . old
umount -l old

mount -t tmpfs none /sys/fs/cgroup
mkdir /sys/fs/cgroup/unified /sys/fs/cgroup/systemd
mount -t cgroup2 none /sys/fs/cgroup/unified
mount -t cgroup -o none,name=systemd none /sys/fs/cgroup/systemd || umount /sys/fs/cgroup/unified

# Of this system's own services none starts.
rm -rf /etc/systemd/system/* /usr/lib/systemd/system/*.wants
ln -s /dev/null /etc/systemd/system/systemd-journald.service
printf '[Unit]\nDefaultDependencies=no\n' >/etc/systemd/system/network-online.target
printf '[Unit]\nDefaultDependencies=no\nWants=script.service\n' >/etc/systemd/system/script.target
cat >/etc/systemd/system/script.service <<EOF
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
Environment=BOOTED=yes "SRCDIR=$SRCDIR" "BUILDDIR=$BUILDDIR" "PATH=$PATH" HOME=/root
ExecStart=/bin/sh "$SCRIPT"
ExecStopPost=/bin/systemctl --force --force poweroff
StandardOutput=file:$DIR/out
StandardError=file:$DIR/err
EOF
# Its credentials reach a service only by mounts that are shared.
mount --make-rshared /
exec env -i container=test /lib/systemd/systemd --system --unit=script.target --log-target=console --show-status=no
