# Runs PostgreSQL of the folder $1 in the working folder, on port $2 of loopback, for user $3, with
# the settings that follow, until its input is closed. Then it removes the working folder.

# Only the end of its input ends it, so that it can always clean up.
trap : HUP INT TERM
exec 3<&0
programs=$1 port=$2 user=$3
shift 3
"$programs/initdb" -D data --no-sync --locale=C --encoding=UTF8 --auth=scram-sha-256 --username="$user" \
  --pwfile=password </dev/null &&
  {
    # No socket file, and shared memory in files of the data folder: nothing is outside this folder.
    "$programs/postgres" -D data -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
      -c dynamic_shared_memory_type=mmap "$@" 3<&- &
    server=$!
    (
      trap '' HUP INT TERM
      read -r _
      # The first signal may come too early. The data is not needed, so an immediate shutdown will
      # do.
      while kill -QUIT "$server" 2>/dev/null; do sleep 0.05; done
    ) <&3 3<&- &
    # A signal ends the wait, but not the server.
    while kill -0 "$server" 2>/dev/null; do wait "$server"; done
    kill -KILL $!
  }
rm -rf data password
rmdir "$PWD"
