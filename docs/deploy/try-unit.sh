#!/usr/bin/env bash
# Starts stillwater.service under a systemd of its own and has it survive, as root on Debian:
#     apt-get install debootstrap systemd-container && docs/deploy/try-unit.sh
# A Debian in a throwaway folder is booted with systemd-nspawn; the unit is installed as its first
# lines say; 24 samples are submitted; the service is killed, stopped and started again in the
# middle; and the run must end with nothing lost. Port 8765 must be free. It takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."

root=$(mktemp -d)
chmod 0755 "$root"  # the service is not root, and this is its /
boot=
trap '[ -z "$boot" ] || kill -9 "$boot" 2>/dev/null || true; sleep 1; rm -rf "$root"' EXIT
needed=systemd,systemd-sysv,dbus,git,bubblewrap,python3,python3-venv,ca-certificates,openssl
debootstrap --variant=minbase --include=$needed bookworm "$root" http://deb.debian.org/debian
git archive --prefix=src/ HEAD | tar -x -C "$root"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
mkdir -p /run/systemd/nspawn
findmnt /run >/dev/null || findmnt /run/systemd/nspawn >/dev/null || mount -t tmpfs tmpfs /run/systemd/nspawn
container=(systemd-nspawn --quiet --register=no --keep-unit --resolv-conf=copy-host -D "$root")

"${container[@]}" bash -euc '
useradd --system --home-dir /var/lib/stillwater --shell /usr/sbin/nologin stillwater
export PIP_CERT=/etc/ssl/certs/ca-certificates.crt
python3 -m venv /opt/stillwater && /opt/stillwater/bin/pip install --quiet "/src[service]"
install -d -m 0700 /etc/stillwater
(umask 077; echo "STILLWATER_TOKEN=$(openssl rand -hex 32)" > /etc/stillwater/environment)
cp /src/docs/deploy/stillwater.service /etc/systemd/system/
systemctl enable stillwater'

setsid "${container[@]}" --boot </dev/null >"$root/boot.log" 2>&1 &
boot=$!
token=$(cut -d= -f2 "$root/etc/stillwater/environment")
ask() { curl --silent --fail --header "Authorization: Bearer $token" "http://127.0.0.1:8765$1" "${@:2}"; }
inside() { nsenter --all --target "$(pgrep --parent "$boot" | head -1)" "$@"; }
within() { # SECONDS COMMAND…: repeat the command each second until it succeeds
  local left=$1
  until "${@:2}"; do
    [ $((left--)) -gt 0 ] || { inside journalctl --no-pager --unit stillwater | tail -20; exit 1; }
    sleep 1
  done
}
finished() { ask "/api/runs/$run" | grep -q '"activity":"finished"'; }
within 60 ask /api/health

asked='{"dataset": "samples", "settings": {"models": ["builtin/mutate"], "attempts": 3}}'
run=$(ask /api/runs --json "$asked" | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
sleep 10
inside systemctl kill --kill-who=main --signal=KILL stillwater
within 60 ask /api/health
[ "$(inside systemctl show --property=NRestarts --value stillwater)" = 1 ]
inside systemctl stop stillwater
[ "$(inside systemctl show --property=Result --value stillwater)" = success ]
inside systemctl start stillwater
within 60 ask /api/health
within 600 finished
inside systemctl stop stillwater
inside runuser -u stillwater -- /opt/stillwater/bin/stillwater audit --db /var/lib/stillwater/stillwater.db
