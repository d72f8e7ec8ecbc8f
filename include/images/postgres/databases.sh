# Makes the three databases, each with an owner of its own that sees no other one. PostgreSQL's image
# reads this file once, when its volume is new. The passwords come from the environment.
set -euo pipefail

for name in airflow catalog predictions; do
  variable="${name^^}_DATABASE_PASSWORD"
  if [ -z "${!variable:-}" ]; then
    echo "databases.sh: $variable is not set" >&2
    exit 1
  fi
  # psql quotes what stands in :'…'; the password reaches it by the environment, not as an argument.
  PASSWORD="${!variable}" psql --no-psqlrc --set ON_ERROR_STOP=1 --set name="$name" \
    --username "${POSTGRES_USER:-postgres}" --dbname postgres --quiet <<'END'
\getenv password PASSWORD
CREATE ROLE :"name" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
END
done
