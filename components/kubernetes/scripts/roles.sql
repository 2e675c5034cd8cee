-- Roles and database. Connected to "postgres" as the administrator. Each statement is made only when it is needed.
\getenv database APP_DATABASE
\getenv migrate_user MIGRATE_USER
\getenv app_user APP_USER

SELECT format('CREATE ROLE %I LOGIN', wanted)
FROM unnest(ARRAY[:'migrate_user', :'app_user']) AS wanted
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) \gexec

SELECT format('CREATE DATABASE %I', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec

-- Membership lets the administrator, who is no superuser in a managed service, set default privileges for the role.
SELECT format('GRANT %I TO CURRENT_USER', :'migrate_user')
WHERE NOT pg_has_role(CURRENT_USER, :'migrate_user', 'USAGE') \gexec
