#!/bin/sh
# Makes every secret that compose.yaml and compose.keycloak.yaml name, once: passwords, addresses that hold them, the key-encryption key.
# Usage: deploy/make-secrets.sh [FOLDER]     (default: the folder secrets beside this script)
set -eu
folder=${1:-$(dirname "$0")/secrets}
if [ -e "$folder" ]; then
    echo "make-secrets: $folder exists; nothing was changed" >&2
    exit 1
fi

# Nobody else on this machine can enter the folder. The files inside are readable, because the engine shows each of
# them to a container as it is here, and the users inside have other numbers than you.
umask 077
draft=$folder.draft
mkdir "$draft"
trap 'rm -rf "$draft"' EXIT

password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

owner=$(password)
app=$(password)
password > "$draft/postgres_password"
printf '%s' "$owner" > "$draft/owner_password"
printf '%s' "$app" > "$draft/app_password"
printf 'postgresql://catch_owner:%s@db:5432/catch\n' "$owner" > "$draft/owner_url"
printf 'postgresql://catch_app:%s@db:5432/catch\n' "$app" > "$draft/database_url"
head -c 32 /dev/urandom | base64 > "$draft/kek"
# Of compose.keycloak.yaml: its operator, the two clients that it knows, and its invented people.
for name in keycloak_admin keycloak_client keycloak_system keycloak_people; do password > "$draft/$name"; done
chmod 444 "$draft"/*
mv "$draft" "$folder"
trap - EXIT

echo "made $folder. Copy the file kek to a safe place now, apart from where the backups will go:"
echo "without it no personal text can be read again, by anybody."
