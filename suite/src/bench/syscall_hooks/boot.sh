#!/bin/bash
# boot.sh KERNEL: compiles, and boots the image of a kernel for x86-64 with in_machine.sh.
# Needs gcc, cpio, busybox-static and qemu-system-x86.
set -e
here=$(dirname "$0")
folder=$(mktemp -d)
mkdir -p "$folder/files/bin"
gcc -O2 -static -o "$folder/files/bin/hooks" "$here/hooks.c"
gcc -O2 -static -o "$folder/files/bin/calls" "$here/calls.c"
cp /bin/busybox "$folder/files/bin/"
install "$here/in_machine.sh" "$folder/files/init"
(cd "$folder/files" && find . | cpio -o -H newc --quiet | gzip -1) > "$folder/disk"
timeout 900 qemu-system-x86_64 -nodefaults -no-reboot -display none -serial stdio -m 1024 \
    -accel tcg,thread=single -icount shift=0,sleep=off -append "console=ttyS0 quiet panic=-1" \
    -kernel "$1" -initrd "$folder/disk" < /dev/null
rm -r "$folder"
