# Runs PostgreSQL's programs of the folder $1 in the folder it is started in, on port $2 of this host alone, for user $3,
# with the settings that follow, until its input is closed, by whatever end its starter has come to. Then nothing of it
# is left.

# Its input alone ends it, so that it can always clear up.
trap : HUP INT TERM
exec 3<&0
programs=$1 port=$2 user=$3
shift 3
"$programs/initdb" -D data --no-sync --locale=C --encoding=UTF8 --auth=scram-sha-256 --username="$user" \
  --pwfile=password </dev/null &&
  {
    # Without a socket file, and with shared memory in files of its own, it has nothing outside this folder.
    "$programs/postgres" -D data -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
      -c dynamic_shared_memory_type=mmap "$@" 3<&- &
    server=$!
    (
      trap '' HUP INT TERM
      read -r _
      # Once may be too early. Nobody needs the data any more, so it need not end in order.
      while kill -QUIT "$server" 2>/dev/null; do sleep 0.05; done
    ) <&3 3<&- &
    # A signal ends the waiting, but not what is waited for.
    while kill -0 "$server" 2>/dev/null; do wait "$server"; done
    kill -KILL $!
  }
rm -rf data password
rmdir "$PWD"
