# The pool's first process. It reads its user list again when the mounted Secret changes: PgBouncer does that on SIGHUP
# only, and without losing a connection (https://www.pgbouncer.org/usage.html#signals). The kubelet replaces the file as
# a whole, so a half-written one is never read. $$ is this shell and, after exec, PgBouncer.
users=/etc/userlist/userlist.txt
known=$(sha256sum "$users")
(
  while sleep 5 && kill -0 $$; do
    now=$(sha256sum "$users") && [ "$now" != "$known" ] || continue
    known=$now
    kill -HUP $$ || exit
  done
) &
exec pgbouncer /etc/pgbouncer/pgbouncer.ini
