#!/bin/sh
# Deploy only what people approved. A step for any CI: it asks, waits, verifies, uses the approval
# once, deploys, and reports the outcome. The job stops at the first command that fails.
#
# deployment.json is what people approve, and what deploy.sh reads. LOGIN_FILE is the file of
# `ledger login`, from the secrets of the CI.
set -eu
here=$(dirname "$0")
login="--login $LOGIN_FILE"
ledger draft deployment.json --title "$TITLE" --policy "@$here/policy.json" \
    --usable "@$here/usable.json" --json $login > drafted.json
statement=$(sed -n 's/.*"statementId": "\([0-9a-f-]*\)".*/\1/p' drafted.json)
digest=$(sed -n 's/.*"sha256": "\([0-9a-f]*\)".*/\1/p' drafted.json)
echo "Waiting for an approval of statement $statement, SHA-256 $digest"
ledger wait "$statement" --within "${WITHIN:-3600}" $login
ledger evidence "$statement" --digest "$digest" --require "@$here/policy.json" --used left \
    --output evidence.zip $login
ledger use "$statement" --digest "$digest" --keep use.json --reference "${REFERENCE:-CI}" $login
if ./deploy.sh; then
    ledger outcome use.json done $login
else
    ledger outcome use.json unknown --reason "deploy.sh failed" $login
    exit 1
fi
ledger attest evidence.zip --digest "$digest" --require "@$here/policy.json" $login > approval.intoto.json
