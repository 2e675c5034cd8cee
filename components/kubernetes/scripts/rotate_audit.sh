# Keeps Vault's audit file within its volume, and makes Vault read a renewed certificate. Runs beside the server,
# in the same process namespace and as the same user, which is all that a signal takes.
#
# Environment: AUDIT_FILE, MAX_KIB (a file of this size is moved away), KEEP (how many are kept beside it),
# CHECK_S (how often), RELOAD_S (how often at the latest Vault is told to reopen its files).
# SIGHUP: https://developer.hashicorp.com/vault/docs/audit/file#log-file-rotation
set -u

reload() {
  for pid in $(pidof vault); do
    # a person's "vault kv put" in this pod would be ended by the signal
    case "$(tr '\0' ' ' < "/proc/$pid/cmdline")" in
      *"vault server "*) kill -HUP "$pid" ;;
    esac
  done
}

rotate() {
  index=$KEEP
  rm -f "$AUDIT_FILE.$KEEP"
  while [ "$index" -gt 1 ]; do
    previous=$((index - 1))
    [ -e "$AUDIT_FILE.$previous" ] && mv "$AUDIT_FILE.$previous" "$AUDIT_FILE.$index"
    index=$previous
  done
  mv "$AUDIT_FILE" "$AUDIT_FILE.1"
}

waited=0
while sleep "$CHECK_S"; do
  waited=$((waited + CHECK_S))
  if [ -e "$AUDIT_FILE" ] && [ "$(($(wc -c < "$AUDIT_FILE") / 1024))" -ge "$MAX_KIB" ]; then
    rotate
    waited=$RELOAD_S
  fi
  if [ "$waited" -ge "$RELOAD_S" ]; then
    reload
    waited=0
  fi
done
