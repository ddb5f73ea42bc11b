#!/bin/sh
# Runs a test binary: one that loads eBPF programs or starts servers as root, others as this user.
case ${1##*/} in
profiler-* | runner-* | kontrast-* | kernel-* | run_command-* | target_contract-*)
  exec sudo -n -E "$@" ;;
*) exec "$@" ;;
esac
