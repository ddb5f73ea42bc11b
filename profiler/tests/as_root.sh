#!/bin/sh
# Runs a test binary: those of profiler, which load eBPF programs, as root, all others as who we are.
case ${1##*/} in
profiler-* | runner-* | suite-* | kontrast-* | kernel-* | run_command-* | target_contract-*) exec sudo -n -E "$@" ;;
*) exec "$@" ;;
esac
