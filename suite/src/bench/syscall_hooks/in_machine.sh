#!/bin/busybox sh
# Compares the kinds of hooks in a virtual machine whose clock counts instructions.
export PATH=/bin
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
uname -r
ALL='__x64_sys_*'
[ "$(uname -m)" = aarch64 ] && ALL='__arm64_sys_*'
# A call without arguments has this other name, since the two functions are the same.
PAIR="__do_sys_getppid,${ALL%\*}read"

# measure MODE bystander|recorded: MODE is one of hooks.c, or bare.
measure() {
    rm -f /tmp/*
    mkfifo /tmp/calls /tmp/hooks
    calls 0 0.1 < /tmp/calls > /tmp/calls.out & calls=$!
    exec 3>/tmp/calls
    pid=1
    [ "$2" = recorded ] && pid=$calls
    if [ "$1" != bare ]; then
        hooks "$1" $pid < /tmp/hooks > /tmp/hooks.out 3>&- & hooks=$!
        exec 4>/tmp/hooks
        until grep -q attached /tmp/hooks.out; do sleep 0.1; done
    fi
    echo >&3
    until [ "$(wc -l < /tmp/calls.out)" = 2 ]; do sleep 0.1; done
    echo >&3
    exec 3>&-
    wait $calls
    if [ "$1" != bare ]; then
        exec 4>&-
        wait $hooks
    fi
    echo "$2 | $1 | $(tail -n 1 /tmp/calls.out) | $(cat /tmp/hooks.out 2>/dev/null)"
}

for round in 1 2; do
    measure bare bystander
    for who in bystander recorded; do
        for mode in tracepoints "$PAIR" "multi:$PAIR" "session:$PAIR"; do
            measure "$mode" $who
        done
    done
done
for mode in tracepoints "$ALL" "multi:$ALL" "session:$ALL"; do
    echo "$mode:"
    sleep 3 | hooks "$mode" 1
done
poweroff -f
