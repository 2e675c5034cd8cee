-- Privileges inside the application's database. litellm_migrate owns the tables, litellm_app reads and writes rows.
\getenv database APP_DATABASE
\getenv migrate_user MIGRATE_USER
\getenv app_user APP_USER

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE CONNECT, TEMPORARY ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"migrate_user", :"app_user";
GRANT USAGE, CREATE ON SCHEMA public TO :"migrate_user";
GRANT USAGE ON SCHEMA public TO :"app_user";

ALTER DEFAULT PRIVILEGES FOR ROLE :"migrate_user" IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"app_user";
ALTER DEFAULT PRIVILEGES FOR ROLE :"migrate_user" IN SCHEMA public
  GRANT USAGE, SELECT ON SEQUENCES TO :"app_user";

-- What an earlier run left behind.
SELECT format('GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %s TO %I', oid::regclass, :'app_user')
FROM pg_class
WHERE relkind IN ('r', 'p', 'v') AND relnamespace = 'public'::regnamespace
  AND relowner = (SELECT oid FROM pg_roles WHERE rolname = :'migrate_user') \gexec
SELECT format('GRANT USAGE, SELECT ON SEQUENCE %s TO %I', oid::regclass, :'app_user')
FROM pg_class
WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
  AND relowner = (SELECT oid FROM pg_roles WHERE rolname = :'migrate_user') \gexec

-- Limits for the application only: a migration may take longer. The pooler drops such settings when they come with a
-- connection, so they belong to the role.
ALTER ROLE :"app_user" SET statement_timeout = '60s';
ALTER ROLE :"app_user" SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE :"app_user" SET lock_timeout = '10s';
