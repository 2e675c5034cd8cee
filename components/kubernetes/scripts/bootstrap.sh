#!/bin/sh
# Makes the application's roles and database. Runs on every change of this file, any number of times.
#
# Environment: libpq's own (PGHOST, PGPORT, PGUSER, PGPASSWORD, PGSSLMODE, PGSSLROOTCERT), APP_DATABASE, and
# MIGRATE_USER, MIGRATE_PASSWORD, APP_USER, APP_PASSWORD.
set -eu
here=$(dirname "$0")

sql() { # FILE DATABASE
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$2" --file="$here/$1"
}

# psql hashes the password before it sends it: a plain one would stand in the server's statement log.
# Without a terminal it reads the new password, twice, from its input.
set_password() { # USER PASSWORD
  printf '%s\n%s\n' "$2" "$2" |
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname=postgres --command="\\password \"$1\"" 2>/dev/null ||
    { echo "cannot set the password of $1" >&2; exit 1; }
}

sql roles.sql postgres
set_password "$MIGRATE_USER" "$MIGRATE_PASSWORD"
set_password "$APP_USER" "$APP_PASSWORD"
sql grants.sql "$APP_DATABASE"
echo "roles $MIGRATE_USER and $APP_USER are ready in database $APP_DATABASE"
