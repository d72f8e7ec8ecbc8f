#!/usr/bin/env bash
# Dumps the stack's three databases, restores one, and removes dumps that are old enough.
#
#   backup.sh now                   dump all three, verify each dump, drop those past BACKUP_DAYS
#   backup.sh every HOURS           the same, for ever; a failed round is tried again in 10 minutes
#   backup.sh fresh HOURS           succeed if the last complete round is not older than that, and 1 h
#   backup.sh list                  the rounds that are complete
#   backup.sh restore DATABASE ROUND    replace what is in a database by a dump
#
# A round is a folder of BACKUP_FOLDER named by its time in UTC; it gets its name when all three dumps
# are in it and readable, so that a folder with a name is complete. Rotation never takes the last one.
# Reads PGHOST, PGPORT and <NAME>_DATABASE_PASSWORD; no password is an argument.
set -euo pipefail

DATABASES="airflow catalog predictions"
FOLDER="${BACKUP_FOLDER:-/backups}"

fail() {
  echo "backup: $*" >&2
  exit 1
}

as() { # DATABASE COMMAND...: with the password of that database's owner
  local variable="${1^^}_DATABASE_PASSWORD"
  PGPASSWORD="${!variable:-}" "${@:2}"
}

rounds() {
  find "$FOLDER" -mindepth 1 -maxdepth 1 -type d -name '20*Z' -printf '%f\n' | sort
}

now() {
  local stamp part database
  stamp="$(date -u +%Y%m%dT%H%M%SZ)"
  part="$FOLDER/.part"
  rm -rf "$part"
  mkdir -p "$part"
  chmod 700 "$part"
  for database in $DATABASES; do
    as "$database" pg_dump --username "$database" --dbname "$database" --format custom \
      --no-owner --file "$part/$database.dump"
    pg_restore --list "$part/$database.dump" > /dev/null
  done
  sync
  mv "$part" "$FOLDER/$stamp"
  echo "backup: $stamp $(du -sh "$FOLDER/$stamp" | cut -f1)"
  rotate
}

rotate() {
  local round
  for round in $(rounds | head -n -1); do
    if [ -n "$(find "$FOLDER/$round" -maxdepth 0 -mmin "+$((${BACKUP_DAYS:-14} * 1440))")" ]; then
      rm -rf "${FOLDER:?}/$round"
      echo "backup: removed $round"
    fi
  done
}

every() {
  local seconds=$(($1 * 3600))
  trap 'kill $(jobs -p) 2>/dev/null; exit 0' TERM INT
  while true; do
    if fresh_within "$seconds"; then
      pause 60
    elif ! "$BASH" "$0" now; then
      echo "backup: failed; the next try is in 10 minutes" >&2
      pause 600
    fi
  done
}

pause() { # so that a signal is heard at once
  sleep "$1" &
  wait $!
}

fresh_within() { # SECONDS
  local last age
  last="$(rounds | tail -n 1)"
  [ -n "$last" ] || return 1
  age=$(($(date +%s) - $(stat -c %Y "$FOLDER/$last")))
  [ "$age" -lt "$1" ]
}

restore() { # DATABASE ROUND
  local database="$1" dump="$FOLDER/$2/$1.dump"
  case " $DATABASES " in *" $database "*) ;; *) fail "no such database: $database" ;; esac
  [ -r "$dump" ] || fail "no dump of $database in round $2; there are: $(rounds | xargs)"
  # One transaction: either all of the dump is there at the end, or what was there before.
  as "$database" pg_restore --username "$database" --dbname "$database" --no-owner \
    --clean --if-exists --single-transaction --exit-on-error "$dump"
  echo "backup: $database is as in round $2"
}

mkdir -p "$FOLDER"
case "${1:-}" in
  now) now ;;
  every) every "${2:?hours}" ;;
  fresh) fresh_within "$((${2:?hours} * 3600 + 3600))" || fail "no round in the last $2 hours" ;;
  list) rounds ;;
  restore) restore "${2:?database}" "${3:?round}" ;;
  *) fail "expected: now, every HOURS, fresh HOURS, list, or restore DATABASE ROUND" ;;
esac
