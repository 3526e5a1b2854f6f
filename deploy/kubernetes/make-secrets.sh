#!/bin/sh
# Makes the secrets that the manifests beside it name, once: passwords, addresses that hold them, the key-encryption key.
# Usage: deploy/kubernetes/make-secrets.sh [FOLDER]     (default: the folder secrets beside this script)
# Then: kubectl apply --namespace catch -f FOLDER/secrets.yaml
# Not made here, since somebody else gives them: catch-archive, catch-issuers, catch-tls.
set -eu
folder=${1:-$(dirname "$0")/secrets}
if [ -e "$folder" ]; then
    echo "make-secrets: $folder exists; nothing was changed" >&2
    exit 1
fi

umask 077
draft=$folder.draft
mkdir "$draft"
trap 'rm -rf "$draft"' EXIT

password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

owner=$(password)
app=$(password)
head -c 32 /dev/urandom | base64 > "$draft/kek"
# The certificate's file is named after the cluster: a restored one is another, and is reached by another address.
at="@catch-db-rw:5432/catch?sslmode=verify-full&sslrootcert=/run/secrets/database/catch-db.crt"

secret() {
    printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n' "$1"
    # CloudNativePG takes a changed password at once where it is asked to.
    [ "$2" = Opaque ] || printf '  labels: {cnpg.io/reload: "true"}\n'
    printf 'type: %s\nstringData:\n' "$2"
}
{
    secret catch-db-owner kubernetes.io/basic-auth
    printf '  username: catch_owner\n  password: "%s"\n' "$owner"
    secret catch-db-app kubernetes.io/basic-auth
    printf '  username: catch_app\n  password: "%s"\n' "$app"
    secret catch-owner Opaque
    printf '  owner_url: "postgresql://catch_owner:%s%s"\n' "$owner" "$at"
    secret catch-server Opaque
    printf '  database_url: "postgresql://catch_app:%s%s"\n' "$app" "$at"
    printf '  kek: |\n    %s\n' "$(cat "$draft/kek")"
} > "$draft/secrets.yaml"
mv "$draft" "$folder"
trap - EXIT

echo "made $folder. Copy the file kek to a safe place now, apart from where the backups will go:"
echo "without it no personal text can be read again, by anybody."
