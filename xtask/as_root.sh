#!/bin/sh
# Runs a test binary: one that loads eBPF programs or starts servers as root, others as this user.
case ${1##*/} in
profiler-* | runner-* | suite-* | kontrast-* | kernel-* | run_command-* | target_contract-* | end_to_end-*)
  exec sudo -n -E "$@" ;;
*) exec "$@" ;;
esac
