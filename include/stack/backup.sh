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
# are in it and can be read to their end, so that a folder with a name is complete. Rotation never
# takes the last one. Rounds and restores of one folder wait for each other.
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

alone() {
  exec 9> "$FOLDER/.lock"
  flock --wait 3600 9 || fail "another one has been at work in $FOLDER for an hour"
}

now() {
  local stamp part database
  alone
  stamp="$(date -u +%Y%m%dT%H%M%SZ)"
  part="$FOLDER/.part"
  rm -rf "$part"
  mkdir -p "$part"
  chmod 700 "$part"
  for database in $DATABASES; do
    as "$database" pg_dump --username "$database" --dbname "$database" --format custom \
      --no-owner --file "$part/$database.dump"
    pg_restore --file /dev/null "$part/$database.dump"
  done
  sync
  mv --no-target-directory "$part" "$FOLDER/$stamp"
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
  alone
  statements "$dump" | as "$database" psql --username "$database" --dbname "$database" \
    --no-psqlrc --quiet --output /dev/null --set ON_ERROR_STOP=1
  echo "backup: $database is as in round $2"
}

# One transaction: either all of the dump is there at the end, or what was there before. What a later
# release has added goes, too. Where the dump ends early there is no COMMIT.
statements() { # DUMP
  echo "BEGIN; SET LOCAL client_min_messages = warning; DROP OWNED BY CURRENT_USER CASCADE;"
  pg_restore --no-owner --file - "$1" && echo "COMMIT;"
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
